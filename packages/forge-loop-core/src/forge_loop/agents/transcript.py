"""The transcript of a session: one line of JSON per message, appended.

Owns: the shape of a line and the file. Must not: import the SDK (messages are read by their fields), or end a session
because a line could not be written.

    {"at": ..., "session": ..., "role": ..., "type": "assistant", ...the message's own fields}
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from forge_loop.domain.session import SessionOrder

LONGEST_TEXT = 100_000


class Transcript:
    def __init__(self, order: SessionOrder) -> None:
        self._head = {"session": order.id, "role": str(order.role)}
        self._broken = False
        self._path = order.transcript
        self.add("prompt", {"model": order.model, "resume": order.resume, "text": order.prompt})

    def message(self, message: object) -> None:
        """Append one message of the SDK."""
        name = type(message).__name__.removesuffix("Message")
        self.add(_snake(name), _fields(message))

    def add(self, kind: str, fields: Mapping[str, Any]) -> None:
        line = {"at": datetime.now(UTC).isoformat(), **self._head, "type": kind, **_bounded(fields)}
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(json.dumps(line, default=str).encode() + b"\n")
        except OSError as problem:
            if not self._broken:
                sys.stderr.write(f"the transcript cannot be written: {problem}\n")
            self._broken = True


def _fields(value: Any) -> dict[str, Any]:
    """A dataclass as a dictionary, with its content blocks marked by their type."""
    if not dataclasses.is_dataclass(value):
        return {"value": repr(value)}
    found = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(found.get("content"), list):
        found["content"] = [_block(block) for block in found["content"]]
    return {name: _plain(entry) for name, entry in found.items() if entry is not None}


def _block(block: Any) -> Any:
    if not dataclasses.is_dataclass(block):
        return block
    return {"type": _snake(type(block).__name__.removesuffix("Block")), **_fields(block)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]} [{len(value) - LONGEST_TEXT} characters left out]"
    if isinstance(value, Mapping):
        return {str(name): _bounded(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bounded(entry) for entry in value]
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
