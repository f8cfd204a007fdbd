"""The system's clock.

Owns: reading it. Must not: be read anywhere but through the Clock port.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
