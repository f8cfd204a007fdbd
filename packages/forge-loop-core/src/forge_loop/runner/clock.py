"""Intervals on a wall clock that can be set.

Owns: what a jump of it does to an interval. Must not: read a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def passed(since: datetime | None, now: datetime, interval: timedelta) -> bool:
    """Whether an interval that began at `since` is over, or never began, or the clock was set back behind it."""
    return since is None or not timedelta(0) <= now - since < interval
