"""The queue's own time: microseconds that never go back and do not follow the wall clock's jumps.

Owns: reading it, and turning it into moments for people and back. Must not: store anything.

It starts as the wall clock's time and then advances with the boot clock, which runs on while the machine sleeps. A
clock that is passed in (tests, rehearsals) is believed as it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from forge_loop.ports import Clock  # importing it for real would load every event of the loop

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SECOND = 1_000_000


class QueueTime(Protocol):
    def now(self) -> int:
        """Microseconds."""

    def wall(self) -> int:
        """What the wall clock says at this instant, in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class BootTime:
    """The boot clock plus an offset that all processes of this boot share."""

    offset: int

    def now(self) -> int:
        return boot_clock() + self.offset

    def wall(self) -> int:
        return wall_clock()


@dataclass(frozen=True, slots=True)
class GivenTime:
    clock: Clock

    def now(self) -> int:
        return _microseconds(self.clock.now())

    def wall(self) -> int:
        return self.now()


def boot_clock() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def wall_clock() -> int:
    return time.time_ns() // 1000


def boot_id() -> str:
    """Names the present boot of this machine."""
    return _BOOT_ID.read_text().strip()


def after(now: int, seconds: float) -> int:
    """The queue time `seconds` after `now`."""
    return now + max(round(seconds * _SECOND), 0)


def due_at(queue_time: QueueTime, moment: datetime | None, now: int) -> int:
    """The queue time of a moment; None is `now`."""
    return now if moment is None else now + _microseconds(moment) - queue_time.wall()


def moment(queue_time: QueueTime, at: int) -> datetime:
    """The moment in UTC at which the queue time will be `at`, or was."""
    return _EPOCH + (at - queue_time.now() + queue_time.wall()) * MICROSECOND


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // MICROSECOND
