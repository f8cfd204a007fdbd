"""The account-wide gate: until when a usage limit or an outage parks the loop, and how a nearly used one slows it.

Owns: how a reset time becomes a deadline, that the latest deadline wins, what clears it early, and how many jobs run at
once when much of a limit is used. Must not: read a clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from forge_loop.domain.job import FailureKind
from forge_loop.domain.reason import Reason

DEFAULT_PARK = timedelta(minutes=5)
LONGEST_PARK = timedelta(days=8)
LONGEST_JITTER = timedelta(seconds=60)

HALF_FROM = 0.80  # of a limit used: half the slots
ONE_FROM = 0.95  # and one job at a time
BELIEVED_FOR = timedelta(hours=1)  # what was said of a limit whose reset time is not known


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


def park_kind(kind: FailureKind, *, parked_for: FailureKind | None) -> FailureKind:
    """What a parked loop waits for when another failure comes: a limit stays one, whatever else fails."""
    return FailureKind.LIMIT if FailureKind.LIMIT in (kind, parked_for) else kind


def got_through(parked_for: FailureKind | None, *, parked_at: datetime, succeeded_at: datetime) -> bool:
    """Whether a session that ended well shows an outage to be over. Of a limit only its reset time tells."""
    return parked_for is not FailureKind.LIMIT and succeeded_at > parked_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What the account last said of one limit: `utilization` runs from 0 to 1."""

    id: int
    kind: str
    utilization: float
    resets_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """At most so many jobs at once, while this limit is so far used, until then at the latest."""

    slots: int
    kind: str
    utilization: float
    until: datetime


def heard_utilization(status: str, utilization: float | None) -> float | None:
    """How far a limit is used, as a rate-limit event tells it. A warning without a number counts as HALF_FROM."""
    if utilization is None:
        return HALF_FROM if status == "allowed_warning" else None
    return utilization


def pace(windows: Iterable[Window], slots: int, now: datetime) -> Pace | None:
    """How the nearest limit slows the loop; None: not at all. One job at a time may always run."""
    slowed = [found for window in windows if (found := _pace(window, slots, now)) is not None]
    return min(slowed, key=lambda each: (each.slots, -each.utilization, each.kind), default=None)


def _pace(window: Window, slots: int, now: datetime) -> Pace | None:
    until = window.resets_at or window.seen_at + BELIEVED_FOR
    if until <= now or window.utilization < HALF_FROM:
        return None
    allowed = 1 if window.utilization >= ONE_FROM else (slots + 1) // 2
    if allowed >= slots:
        return None
    return Pace(slots=allowed, kind=window.kind, utilization=window.utilization, until=until)


def pace_reason(found: Pace) -> Reason:
    used = f"{found.utilization:.0%} of the {found.kind.replace('_', ' ')} limit is used"
    return Reason(code="paced", text=f"{used}: jobs at once at most {found.slots}", until=found.until)
