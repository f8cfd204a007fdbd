"""Quiet hours and times of day, in the operator's time zone.

Owns: the arithmetic over clock changes. Must not: read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from forge_loop_integrations.routing.classes import Class


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """From `start` to before `end`, local time, over midnight if `end` is earlier. `pierce` is told all the same."""

    start: time
    end: time
    zone: ZoneInfo
    pierce: frozenset[Class] = frozenset({Class.NEEDS_HUMAN})

    def until(self, now: datetime) -> datetime | None:
        """When the quiet hours that hold at `now` (aware) end, in UTC; None outside them."""
        local = now.astimezone(self.zone)
        if not self._holds(local.time()):
            return None
        return next_time(self.end, self.zone, now)

    def _holds(self, moment: time) -> bool:
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def next_time(at: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant after `now` (aware) at which a clock on the wall shows `at`, in UTC.

    A time that the clock skips that day counts as the instant of the change; one that it shows twice comes once, the
    first time, unless that is over.
    """
    day = now.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(4):
        for fold in (0, 1):
            found = datetime.combine(day + timedelta(days=ahead), at, tzinfo=zone).replace(fold=fold).astimezone(UTC)
            if found > now:
                return found
    raise ValueError(f"{zone} has no {at} after {now}")  # no zone skips three days
