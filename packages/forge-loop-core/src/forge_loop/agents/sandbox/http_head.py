"""The head of one HTTP/1.1 request, read strictly: what is not plainly well-formed is refused, never repaired.

Owns: the grammar of a head. Must not: read a body, or know what a request means. Source: RFC 9112.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,4096}) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_LONGEST_BODY = 64 * 2**20


class BadRequestError(Exception):
    """A request that is answered with `status` and goes no further."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestHead:
    """`fields` are names in lower case with their values, in order."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


def parse_head(raw: bytes) -> RequestHead:
    """The head in `raw`, its final empty line included. Raises BadRequestError."""
    first, *rest = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    fields = [_FIELD.fullmatch(entry) for entry in rest]
    if line is None or any(found is None for found in fields):
        raise BadRequestError(400, "the request is not well-formed")
    return RequestHead(
        method=line[1].decode(),
        target=line[2].decode(),
        fields=tuple((found[1].decode().lower(), found[2].decode("latin-1").strip()) for found in fields if found),
    )


def body_length(head: RequestHead) -> int:
    """How many bytes follow. Raises BadRequestError unless that is said exactly once."""
    lengths = head.values("content-length")
    if head.values("transfer-encoding") or len(lengths) != 1 or not re.fullmatch(r"[0-9]{1,12}", lengths[0]):
        raise BadRequestError(411, "one content-length is needed")
    if int(lengths[0]) > _LONGEST_BODY:
        raise BadRequestError(413, "the request is too large")
    return int(lengths[0])
