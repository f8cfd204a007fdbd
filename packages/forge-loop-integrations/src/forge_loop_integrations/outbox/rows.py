"""Rows of the outbox as values.

Owns: reading them. Must not: write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from sqlite3 import Row

from forge_loop_integrations.entry import Entry, entry_from
from forge_loop_integrations.routing import Class, Hold


class Purpose(StrEnum):
    """`update` only changes what the receiver has; `note` tells of a button."""

    EVENT = "event"
    UPDATE = "update"
    DIGEST = "digest"
    REPEAT = "repeat"
    RESOLVED = "resolved"
    NOTE = "note"
    TEST = "test"


class State(StrEnum):
    """`merged`: it went into a digest."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    MERGED = "merged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Times are seconds since 1970."""

    number: int
    id: str
    sink: str
    matter: str
    of: Class
    purpose: Purpose
    hold: Hold
    entries: tuple[Entry, ...]
    state: State
    attempts: int
    created_at: float
    not_before: float
    ended_at: float | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MatterRow:
    """`newest` is the newest event that a message was made of."""

    key: str
    title: str = ""
    labels: tuple[str, ...] = ()
    newest: Entry | None = None
    remote: str | None = None
    told_at: float | None = None
    opened_by: str | None = None
    repeats: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkRow:
    """`stopped` is why nothing is sent, None while something is."""

    name: str
    seq: int
    stopped: str | None
    stopped_by: str | None
    not_before: float
    failures: int
    failing_since: float | None
    dead_in_a_row: int
    last_error: str | None
    last_sent_at: float | None

    @property
    def obstacle(self) -> str | None:
        """Why nothing is sent at present."""
        if self.stopped is not None:
            return f"stopped: {self.stopped}"
        return f"failing: {self.last_error}" if self.failures else None


def message(row: Row) -> Message:
    return Message(
        number=row["number"],
        id=row["id"],
        sink=row["sink"],
        matter=row["matter"],
        of=Class(row["class"]),
        purpose=Purpose(row["purpose"]),
        hold=Hold(row["hold"]),
        entries=tuple(entry_from(each) for each in json.loads(row["entries"])),
        state=State(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        not_before=row["not_before"],
        ended_at=row["ended_at"],
        error=row["error"],
    )


def matter(row: Row) -> MatterRow:
    return MatterRow(
        key=row["key"],
        title=row["title"],
        labels=tuple(json.loads(row["labels"])),
        newest=entry_from(json.loads(row["newest"])) if row["newest"] is not None else None,
        remote=row["remote"],
        told_at=row["told_at"],
        opened_by=row["opened_by"],
        repeats=row["repeats"],
    )


def sink(row: Row) -> SinkRow:
    return SinkRow(**{name: row[name] for name in SinkRow.__dataclass_fields__})
