"""What GitHub's own description of its API says of the endpoints that the fake serves.

Owns: the file of it (`tests/contracts/github_api.json`), and comparing requests and answers with it. Must not: know the
fake or the product. Nothing in the file was recorded from the live service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FILE = Path(__file__).parent.parent / "contracts" / "github_api.json"
KINDS: Mapping[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request and its answer. `path` is without the API's prefix and with its query; `data` is the JSON, parsed."""

    method: str
    path: str
    body: Any
    status: int
    headers: Mapping[str, str]
    data: Any


def places(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Every part of a JSON value with its place: `[].user.login` is that of each entry's user."""
    yield at, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from places(part, f"{at}[]")


class Description:
    """`endpoints` by method and template: the page, what may be sent, which statuses there are and their fields."""

    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self.endpoints = endpoints
        self._patterns = [(name, _pattern(name)) for name in endpoints]

    @classmethod
    def read(cls) -> Description:
        return cls(json.loads(FILE.read_text())["endpoints"])

    def endpoint(self, method: str, path: str) -> str | None:
        """The one whose template says the most."""
        asked = f"{method} {urlsplit(path).path}"
        found = [name for name, pattern in self._patterns if pattern.fullmatch(asked)]
        return max(found, key=lambda name: len(re.sub(r"{\w+}", "", name)), default=None)

    def request_problems(self, method: str, path: str, body: Any) -> list[str]:
        """What of a request is not described: the path, a parameter, a field of the body, a value."""
        name = self.endpoint(method, path)
        if name is None:
            return [f"{method} {path}: there is no such endpoint"]
        known, problems = self.endpoints[name], []
        for key, given in parse_qsl(urlsplit(path).query):
            wanted = known["query"].get(key)
            if wanted is None:
                problems.append(f"{name}: the parameter {key!r} is not described")
            elif isinstance(wanted, list) and given not in wanted:
                problems.append(f"{name}: {key}={given} is none of {wanted}")
        for at, value in places(body) if body is not None else ():
            if at and not at.endswith("]") and not _fits(known["body"].get(at), value):
                problems.append(f"{name}: {at} = {value!r} of the body is not described so")
        return problems

    def answer_problems(self, exchange: Exchange) -> list[str]:
        """What of an answer is not described: its status, a field of it, a field's type or value; what it lacks."""
        name = self.endpoint(exchange.method, exchange.path)
        if name is None:
            return [f"{exchange.method} {exchange.path}: there is no such endpoint"]
        fields = self.endpoints[name]["answers"].get(str(exchange.status))
        if fields is None:
            return [f"{name} does not answer {exchange.status}"]
        problems = []
        for at, value in places(exchange.data):
            if at and not at.endswith("[]") and not _fits(fields.get(at), value):
                problems.append(f"{name} {exchange.status}: {at} = {value!r} is {fields.get(at, 'not described')}")
        lacking = sorted(_lacking(exchange.data, fields))
        return problems + [f"{name} {exchange.status}: {at} is always there" for at in lacking]


def _lacking(data: Any, fields: Mapping[str, Any]) -> set[str]:
    """The required fields that an object lacks whose other fields are there."""
    lacking = set()
    for at, value in places(data):
        if isinstance(value, dict):
            start = f"{at}." if at else ""
            own = {name.removeprefix(start): said for name, said in fields.items() if name.startswith(start)}
            wanted = {name for name, said in own.items() if said["always"] and not re.search(r"[.\[]", name)}
            lacking |= {start + name for name in wanted - set(value)}
    return lacking


def _fits(wanted: Mapping[str, Any] | None, value: object) -> bool:
    if wanted is None:
        return False
    if not any(KINDS[kind](value) for kind in wanted["type"].split("|")):
        return False
    return value is None or "of" not in wanted or value in wanted["of"]


def _pattern(name: str) -> re.Pattern[str]:
    """`{ref}` of a git reference may hold slashes, as its own page shows; other words may not."""
    words = (re.escape(part) if not part.startswith("{") else _word(part) for part in re.split(r"(\{\w+\})", name))
    return re.compile("".join(words))


def _word(part: str) -> str:
    return ".+" if part == "{ref}" else "[^/]+"
