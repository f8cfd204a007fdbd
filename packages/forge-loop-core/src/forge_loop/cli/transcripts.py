"""A line of a transcript as a person reads it.

Owns: which parts are shown and how much of them. Must not: fail on a line it does not know; it shows that one by its
type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from forge_loop.cli.ages import clock

LONGEST = 2000
MOST_LINES = 12


def readable(line: str) -> list[str]:
    """The lines that stand for one line of the file; none for what says nothing to a person."""
    try:
        message = json.loads(line)
    except ValueError:
        return [line]
    if not isinstance(message, dict):
        return [line]
    head = f"{_clock(message.get('at'))} {message.get('role', '?')}"
    return [text for kind, said in _parts(message) for text in _block(f"{head} {kind}", said)]


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


def _block(head: str, said: str) -> list[str]:
    """The first line behind its head, the others below it, both bounded."""
    whole = said.strip()
    lines = whole[:LONGEST].split("\n")
    shown = [f"{head}: {lines[0]}" if lines[0] else head, *(f"    {line}" for line in lines[1:MOST_LINES])]
    if len(lines) > MOST_LINES or len(whole) > LONGEST:
        shown.append("    [...]")
    return shown


def _clock(at: object) -> str:
    try:
        return clock(datetime.fromisoformat(str(at)))
    except ValueError:
        return "--:--:--"
