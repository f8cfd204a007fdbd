"""The transcript of a session as people look at it: what each line says, and a window of a long file.

Owns: which parts of a line are shown, and reading whole lines forwards from a place and backwards from one. Must not:
fail on a line it does not know; it shows that one by its type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 1 << 16
LONGEST_LINE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One thing that was said or done. `verb` stands between who and what: `says`, `uses Bash`, `gets`."""

    at: str
    role: str
    verb: str
    text: str


def said(line: str) -> list[Said]:
    """What one line of the file says to a person; nothing for what says nothing. Raises ValueError if it is no line."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    at, role = str(message.get("at", "")), str(message.get("role", "?"))
    return [Said(at=at, role=role, verb=verb, text=text.strip()) for verb, text in _parts(message)]


def _parts(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = str(message.get("type", "?"))
    content = message.get("content")
    if kind == "prompt":
        yield ("is told again" if message.get("resume") else "is told"), str(message.get("text", ""))
    elif kind == "result":
        yield "ended", str(message.get("subtype") or message.get("result") or "")
    elif isinstance(content, str):
        yield _verb(kind), content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict):
                yield from _content(block)


def _content(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = block.get("type")
    if kind == "text":
        yield "says", str(block.get("text", ""))
    elif kind == "thinking" and block.get("thinking"):
        yield "thinks", str(block["thinking"])
    elif kind == "tool_use":
        yield f"uses {block.get('name', '?')}", _arguments(block.get("input"))
    elif kind == "tool_result":
        yield ("is refused" if block.get("is_error") else "gets"), _result(block.get("content"))


def _verb(kind: str) -> str:
    return {"assistant": "says", "user": "gets"}.get(kind, kind)


def _arguments(given: object) -> str:
    """The one argument that says what is done, or all of them."""
    if not isinstance(given, dict):
        return "" if given is None else str(given)
    for name in ("command", "file_path", "pattern", "path", "url"):
        if isinstance(given.get(name), str):
            return str(given[name])
    return json.dumps(given, ensure_ascii=False)


def _result(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Whole lines of a file, oldest first: the bytes from `start` up to `end`."""

    lines: tuple[str, ...]
    start: int
    end: int


def lines_after(path: Path, start: int) -> Window:
    """The whole lines from byte `start` on; none where there is no such file."""
    content = _read(path, start, None)
    whole = content[: content.rfind(b"\n") + 1]
    return Window(lines=tuple(_text(whole)), start=start, end=start + len(whole))


def lines_before(path: Path, end: int | None, count: int) -> Window:
    """The last `count` whole lines before byte `end`, or of the file. What is read is bounded."""
    size = path.stat().st_size if path.exists() else 0
    stop = size if end is None else max(0, min(end, size))
    content, start = b"", stop
    while start > 0 and content.count(b"\n") <= count and len(content) < LONGEST_LINE:
        begin = max(0, start - CHUNK)
        content = _read(path, begin, start) + content
        start = begin
    whole = content[: content.rfind(b"\n") + 1]
    if start > 0:  # the first line is cut
        cut = whole.find(b"\n") + 1
        whole, start = whole[cut:], start + cut
    lines = whole.splitlines(keepends=True)
    kept = lines[-count:]
    start += sum(map(len, lines[: len(lines) - len(kept)]))
    return Window(lines=tuple(_text(b"".join(kept))), start=start, end=start + sum(map(len, kept)))


def _read(path: Path, start: int, stop: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read() if stop is None else file.read(stop - start)
    except FileNotFoundError:
        return b""


def _text(whole: bytes) -> list[str]:
    return [line.decode("utf-8", "replace") for line in whole.split(b"\n")[:-1]]
