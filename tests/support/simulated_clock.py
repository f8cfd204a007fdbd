"""A clock that moves when it is told to, and by a millisecond whenever it is read.

Owns: simulated time. Must not: read the machine's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class SteadyClock:
    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now() + self._clock.behind

    def monotonic(self) -> float:
        return self._clock.monotonic()


class SimulatedClock:
    """No two readings are the same: what follows on something is later than it, unless the clock was set back."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._start = start
        self._set_back = timedelta(0)

    def now(self) -> datetime:
        self._now += MILLISECOND
        return self._now

    def monotonic(self) -> float:
        return (self.now() - self._start + self._set_back).total_seconds()

    def peek(self) -> datetime:
        """The time without moving it."""
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=max(0.0, seconds))

    def set_back(self, seconds: float) -> None:
        """Somebody puts the wall clock back; `monotonic` does not follow."""
        self._now -= timedelta(seconds=seconds)
        self._set_back += timedelta(seconds=seconds)

    def steady(self) -> SteadyClock:
        """The clock of somebody else's machine, which nobody sets back."""
        return SteadyClock(self)

    @property
    def behind(self) -> timedelta:
        return self._set_back

    def reach(self, moment: datetime) -> None:
        """Go forward to a moment; never back."""
        self._now = max(self._now, moment)
