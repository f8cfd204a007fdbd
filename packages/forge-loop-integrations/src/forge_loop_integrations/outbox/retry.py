"""When a message is tried again, and when no more. Pure.

Owns: the delays. Must not: read a clock.
"""

from __future__ import annotations

import hashlib

FIRST_SECONDS = 5.0
FACTOR = 4.0
LONGEST_SECONDS = 3600.0
LONGEST_PROBE_SECONDS = 300.0
GIVE_UP_SECONDS = 72 * 3600.0
LONGEST_WISH_SECONDS = 24 * 3600.0
JITTER = 0.1


def delay(message_id: str, attempts: int, *, longest: float = LONGEST_SECONDS) -> float:
    """Seconds after the attempt number `attempts` (from 1) failed, give or take a tenth that the message decides."""
    plain = min(FIRST_SECONDS * FACTOR ** min(attempts - 1, 20), longest)
    return plain * (1.0 + JITTER * (2.0 * _share(f"{message_id}:{attempts}") - 1.0))


def probe_delay(message_id: str, failures: int) -> float:
    """How long a receiver that failed so often in a row is left alone."""
    return delay(message_id, failures, longest=LONGEST_PROBE_SECONDS)


def wish(after: float | None) -> float:
    """What the receiver asked for with Retry-After, within reason."""
    return 0.0 if after is None else min(max(after, 0.0), LONGEST_WISH_SECONDS)


def _share(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2.0**48
