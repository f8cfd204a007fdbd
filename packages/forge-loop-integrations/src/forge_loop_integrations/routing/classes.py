"""What an event is to a person: needs-human, outcome or chatter, and how severe.

Owns: the one table of it. Must not: decide what is sent. A kind that is not in the table is chatter.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any


class Class(StrEnum):
    NEEDS_HUMAN = "needs-human"
    OUTCOME = "outcome"
    CHATTER = "chatter"


class Severity(IntEnum):
    """Ordered: a route for one severity takes the ones above it too."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        return self.name.lower()


NEEDS_HUMAN = {
    "job.handed_over": Severity.WARNING,
    "job.given_up": Severity.WARNING,
    "issue.refused": Severity.WARNING,
    "spec.proposed": Severity.INFO,
    "loop.halted": Severity.CRITICAL,
    "loop.parked": Severity.WARNING,
    "config.rejected": Severity.WARNING,
    "sink.failed": Severity.WARNING,
    "storage.low": Severity.CRITICAL,
}
OUTCOMES = {
    "job.merged": Severity.INFO,
    "job.yielded": Severity.INFO,
    "job.cancelled": Severity.INFO,
    "deploy.finished": Severity.INFO,
    "maintenance.proposed": Severity.INFO,
    "loop.stopped": Severity.INFO,
}
# Chatter that is more than a remark. All other chatter is info.
LOUDER_CHATTER = {
    "attempt.finished": Severity.INFO,
    "session.stalled": Severity.WARNING,
    "session.limit_hit": Severity.WARNING,
    "session.permission_denied": Severity.WARNING,
    "watchdog.ended_session": Severity.WARNING,
    "hook.failed": Severity.WARNING,
    "candidate.refused": Severity.WARNING,
    "effect.failed": Severity.WARNING,
    "merge.refused": Severity.WARNING,
    "job.cooled_down": Severity.WARNING,
}


# Kinds whose class depends on what stands in the event.
VARYING = frozenset({"deploy.finished", "node.started"})
HUMAN = "human"


def classify(kind: str, data: Mapping[str, Any]) -> tuple[Class, Severity]:
    """The class and severity of an event."""
    if kind == "deploy.finished" and data.get("status") != "succeeded":
        return Class.NEEDS_HUMAN, Severity.CRITICAL
    if kind == "node.started" and data.get("node_kind") == HUMAN:
        return Class.NEEDS_HUMAN, Severity.WARNING
    if kind in NEEDS_HUMAN:
        return Class.NEEDS_HUMAN, NEEDS_HUMAN[kind]
    if kind in OUTCOMES:
        return Class.OUTCOME, OUTCOMES[kind]
    return Class.CHATTER, LOUDER_CHATTER.get(kind, Severity.INFO)
