"""The account-wide gate: until when a usage limit parks the loop.

Owns: how a reset time becomes a deadline, and that the latest deadline wins. Must not: read a clock.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

DEFAULT_PARK = timedelta(minutes=5)
LONGEST_PARK = timedelta(days=8)
LONGEST_JITTER = timedelta(seconds=60)


def park_until(*, resets_at: datetime | None, parked_until: datetime | None, now: datetime) -> datetime:
    """When dispatch may go on. Without a reset time ahead: five minutes; one too far away is cut to 8 days."""
    deadline = now + DEFAULT_PARK
    if resets_at is not None and resets_at > now:
        deadline = min(resets_at, now + LONGEST_PARK) + _jitter(resets_at)
    return max(deadline, parked_until) if parked_until is not None else deadline


def _jitter(resets_at: datetime) -> timedelta:
    """A few seconds after the reset, the same for the same reset time."""
    digest = hashlib.sha256(resets_at.isoformat().encode()).digest()
    return LONGEST_JITTER * (digest[0] / 255)
