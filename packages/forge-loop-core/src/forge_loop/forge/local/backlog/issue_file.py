"""One issue file: its bytes as lines, its frontmatter, its sections.

Owns: reading a file and replacing lines of it, with every other byte as it was. Must not: touch the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_loop.config import strict_yaml
from forge_loop.errors import ConfigError
from forge_loop.forge.local.backlog.sections import Section, sections

MOST_BYTES = 1024 * 1024

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"\ufeff?---[ \t]*\r?\n?")


class Unusable(Exception):
    """The file cannot be read as an issue. The message says where and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueFile:
    """`fields` is the frontmatter, `close` the line of its closing fence. `name` is the file's name."""

    name: str
    lines: tuple[str, ...]
    fields: Mapping[str, object]
    close: int
    sections: tuple[Section, ...]

    @property
    def raw(self) -> bytes:
        return "".join(self.lines).encode()

    @property
    def newline(self) -> str:
        return "\r\n" if self.lines[0].endswith("\r\n") else "\n"

    def section(self, name: str) -> Section | None:
        """The last section of this name: a hand-written copy further up cannot stand in for it."""
        return next((entry for entry in reversed(self.sections) if entry.name == name), None)

    def replaced(self, start: int, stop: int, new: Sequence[str]) -> IssueFile:
        """The file with the lines `start` to `stop` replaced, read anew. `new` comes without line ends."""
        before = list(self.lines[:start])
        if before and not before[-1].endswith("\n"):
            before[-1] += self.newline
        made = (line + self.newline for line in new)
        return parse(self.name, "".join((*before, *made, *self.lines[stop:])).encode())


def parse(name: str, raw: bytes) -> IssueFile:
    """Read a file's bytes. Raises Unusable."""
    if len(raw) > MOST_BYTES:
        raise Unusable(f"{name} is larger than {MOST_BYTES} bytes")
    try:
        lines = tuple(_LINE.findall(raw.decode()))
    except UnicodeDecodeError as error:
        raise Unusable(f"{name} is not UTF-8 at byte {error.start}") from error
    close = _closing_fence(name, lines)
    fields = _frontmatter(name, "".join(lines[1:close]))
    try:
        return IssueFile(name=name, lines=lines, fields=fields, close=close, sections=sections(lines, close + 1))
    except ValueError as error:
        raise Unusable(f"{name}: {error}") from error


def _closing_fence(name: str, lines: Sequence[str]) -> int:
    if not lines or not _FENCE.fullmatch(lines[0]):
        raise Unusable(f"{name} has no frontmatter")
    for index, line in enumerate(lines[1:], 1):
        if _FENCE.fullmatch(line):
            return index
    raise Unusable(f"{name}: the frontmatter is never closed")


def _frontmatter(name: str, text: str) -> Mapping[str, object]:
    # A line is put before it, where the fence stood, so that the places in messages are those of the file.
    try:
        fields = strict_yaml.plain("\n" + text, name)
    except ConfigError as error:
        raise Unusable("; ".join(error.problems)) from error
    if not isinstance(fields, dict):
        raise Unusable(f"{name}: the frontmatter is not a mapping")
    return fields
