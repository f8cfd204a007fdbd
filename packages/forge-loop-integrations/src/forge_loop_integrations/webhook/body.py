"""The body of a webhook: `{type, timestamp, data}`, thin, under 20 kB.

Owns: its shape and what is left out where it would be too long. Must not: sign or send.
"""

from __future__ import annotations

import json
from typing import Any

from forge_loop_integrations.entry import Entry, shortened
from forge_loop_integrations.outbox import MatterRow, Message, Purpose

LARGEST = 20_000
SCHEMA_VERSION = 1
TYPES = {
    Purpose.DIGEST: "notification.digest",
    Purpose.REPEAT: "notification.repeated",
    Purpose.RESOLVED: "notification.resolved",
    Purpose.TEST: "notification.test",
}


def body_of(message: Message, matter: MatterRow) -> bytes:
    """The bytes that are signed and sent."""
    for longest, most in ((4000, 100), (500, 60), (120, 40), (40, 25), (0, 10)):
        encoded = json.dumps(_shape(message, matter, longest, most), ensure_ascii=False, separators=(",", ":"))
        data = encoded.encode("utf-8", "replace")
        if len(data) < LARGEST:
            return data
    raise AssertionError("ten entries without a text are shorter than any limit")


def type_of(message: Message) -> str:
    """The kind of its one event, or what kind of message it is. Several events of one issue are a group."""
    if message.purpose in TYPES:
        return TYPES[message.purpose]
    return message.entries[0].kind if len(message.entries) == 1 else "notification.group"


def _shape(message: Message, matter: MatterRow, longest: int, most: int) -> dict[str, Any]:
    shown = message.entries[-most:]
    events = [_event(entry, longest) for entry in shown]
    data: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    if matter.title:
        data["title"] = shortened(matter.title, max(longest, 20))
    if len(message.entries) == 1 and message.purpose is not Purpose.DIGEST:
        data.update(events[0])
    else:
        data.update({"events": events, "omitted": len(message.entries) - len(shown)})
    return {"type": type_of(message), "timestamp": message.entries[-1].at, "data": data}


def _event(entry: Entry, longest: int) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "class": str(entry.of),
        "severity": entry.severity.word,
        "repo": shortened(entry.repo, 200),
        "issue": entry.issue,
        "job": entry.job,
        "attempt": entry.attempt,
        "seq": entry.seq,
        "at": entry.at,
        "headline": shortened(entry.headline, max(longest, 80)),
        "detail": shortened(entry.detail, longest) if longest else "",
        "data": _short(entry.data, longest) if longest else {},
    }


def _short(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return shortened(value, longest)
    if isinstance(value, dict):
        return {key: _short(each, longest) for key, each in value.items()}
    return [_short(each, longest) for each in value] if isinstance(value, list) else value
