"""Events as they happen, a line each, and what a run's exit code depends on.

Owns: the sink of `run` and `once`. Must not: keep events.
"""

from __future__ import annotations

from typing import Any

from forge_loop.cli.ages import clock
from forge_loop.cli.invocation import Invocation
from forge_loop.domain.events import (
    JobClaimed,
    JobGivenUp,
    LoopHalted,
    LoopResumed,
    SessionActivity,
    TickFinished,
)
from forge_loop.domain.recorded import Recorded
from forge_loop.ports import EventSink

LONGEST = 200
QUIET = frozenset({TickFinished.kind, SessionActivity.kind})


class EventLines(EventSink):
    """`claimed` and `given_up`: whether a job was; `halted`: why dispatch is closed for good, if it is."""

    def __init__(self, given: Invocation) -> None:
        self._given = given
        self.claimed = False
        self.given_up = False
        self.halted: str | None = None

    def emit(self, event: Recorded) -> None:
        self._note(event)
        if self._given.json:
            self._given.output.line(event.line())
        elif self._given.verbose or event.kind not in QUIET:
            self._given.output.data(readable(event))

    def _note(self, event: Recorded) -> None:
        self.claimed |= event.kind == JobClaimed.kind
        self.given_up |= event.kind == JobGivenUp.kind
        if event.kind == LoopHalted.kind:
            self.halted = str(event.data.get("reason"))
        elif event.kind == LoopResumed.kind:
            self.halted = None


def readable(event: Recorded) -> str:
    """An event on one line: local time, issue, kind, and what it says."""
    issue = f"#{event.issue}" if event.issue is not None else ""
    said = "  ".join(f"{name}={_short(value)}" for name, value in event.data.items() if value not in (None, "", [], ()))
    return f"{clock(event.at)} {issue:<5} {event.kind:<22} {said}".rstrip()


def _short(value: Any) -> str:
    text = " ".join((", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
