"""The watchdog's decisions: is a session silent, stuck, or out of time.

Owns: the rules on silence, progress and wall clock. Must not: look at a session or end one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Watch(StrEnum):
    FINE = "fine"
    WARN = "warn"
    STOP_SILENT = "stop_silent"
    STOP_NO_PROGRESS = "stop_no_progress"
    STOP_TIMED_OUT = "stop_timed_out"


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchRules:
    """`tool` stands in for `stop` while a tool call is under way, `timeout` is the wall clock of the session's role."""

    warn: timedelta
    stop: timedelta
    tool: timedelta
    no_progress: timedelta
    timeout: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """Signs of life. The clock starts at the spawn, not at the first event. `changed_at`: last change of a file.

    `in_tool`: a tool call is under way, and says nothing until it is over.
    """

    spawned_at: datetime
    heard_at: datetime | None
    changed_at: datetime | None
    in_tool: bool = False


def watch(signs: Signs, rules: WatchRules, now: datetime) -> Watch:
    """What to do about a session; the gravest that holds."""
    if now - signs.spawned_at >= rules.timeout:
        return Watch.STOP_TIMED_OUT
    silent = now - max(signs.spawned_at, signs.heard_at or signs.spawned_at)
    if silent >= (rules.tool if signs.in_tool else rules.stop):
        return Watch.STOP_SILENT
    if signs.changed_at is not None and now - max(signs.spawned_at, signs.changed_at) >= rules.no_progress:
        return Watch.STOP_NO_PROGRESS
    return Watch.WARN if silent >= rules.warn else Watch.FINE
