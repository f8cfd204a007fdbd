"""The system's clock.

Owns: reading it, and what a jump of it does to an interval. Must not: be read anywhere but through the Clock port.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def passed(since: datetime | None, now: datetime, interval: timedelta) -> bool:
    """Whether an interval that began at `since` is over, or never began, or the clock was set back behind it."""
    return since is None or not timedelta(0) <= now - since < interval
