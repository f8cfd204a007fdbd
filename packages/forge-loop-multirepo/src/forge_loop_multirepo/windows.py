"""Time windows: when a repository may take slots.

Owns: reading `mon-fri 20:00-07:00` and deciding whether a moment lies inside. Must not: read a clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)|"
    r"(?P<only>[a-z]{3})(?:-(?P<until>[a-z]{3}))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """`days` count from 0 = Monday. A window that ends at or before its beginning runs over midnight, into the day
    after the one named."""

    days: frozenset[int]
    begin: time
    end: time
    text: str

    def holds(self, moment: datetime) -> bool:
        """Whether a moment, in the operator's own time zone, lies inside."""
        clock, today = moment.time(), moment.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= clock < self.end
        return (today in self.days and clock >= self.begin) or ((today - 1) % 7 in self.days and clock < self.end)


def window(text: str) -> Window:
    """`20:00-07:00`, `mon-fri 20:00-07:00`, `sat-sun`. Raises ValueError."""
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"expected a window like 20:00-07:00 or mon-fri 20:00-07:00 or sat-sun, got {text!r}")
    first, last = found["first"] or found["only"], found["last"] or found["until"]
    return Window(
        days=_days(first, last),
        begin=_clock(found["begin"] or "00:00"),
        end=_clock(found["end"] or "00:00"),
        text=text.strip(),
    )


def closed(windows: Sequence[Window], moment: datetime) -> str:
    """Why nothing starts at this moment, or nothing."""
    if not windows or any(each.holds(moment) for each in windows):
        return ""
    return f"it is outside its windows ({', '.join(each.text for each in windows)})"


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = _day(first)
    end = _day(last) if last is not None else begin
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f"expected one of {', '.join(DAYS)}, got {name!r}")
    return DAYS.index(name)


def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(f"expected a time from 00:00 to 23:59, got {text!r}")
    return time(int(hours), int(minutes))
