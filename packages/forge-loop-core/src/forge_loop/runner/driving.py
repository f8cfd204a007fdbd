"""One loop among several of a process: what their driver may know of it and do to it.

Owns: what a loop wants of shared slots, and passing on that the account is limited. Must not: decide who gets a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.events import LoopParked
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.reason import Reason
from forge_loop.domain.recorded import rfc3339
from forge_loop.runner.context import Context
from forge_loop.runner.dispatch import closed_because, slots


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """`used` slots are taken, `due` more jobs could take one now, `limit` is the project's own setting.

    `in_hand` counts the jobs that wait for the code host or a person as well, which leave their slots to others.
    `closed` says why the loop dispatches nothing.
    """

    used: int
    in_hand: int
    due: int
    limit: int
    closed: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountLimit:
    """The model account gives nothing before `until`."""

    until: datetime
    reason: str


def demand(context: Context) -> Demand:
    """What the loop has and wants at this moment."""
    return Demand(
        used=context.slots_used(),
        in_hand=len(context.in_hand),
        due=context.queue.depth().ready,
        limit=slots(context),
        closed=closed_because(context),
    )


def account_limit(context: Context) -> AccountLimit | None:
    """The account's limit as this loop has met it, or None. What else parks a loop is its own affair."""
    loop, now = context.store.loop(), context.now()
    limited = context.store.jobs.select("state = ? AND failure_kind = ?", JobState.PARKED, FailureKind.LIMIT)
    if loop.parked_until is None or loop.parked_until <= now or not limited:
        return None
    return AccountLimit(until=loop.parked_until, reason=loop.park_reason or "the account is limited")


def park(context: Context, limit: AccountLimit) -> None:
    """Another loop of the same account met its limit: this one waits as well. The latest deadline wins."""
    parked = context.store.loop().parked_until
    if limit.until <= context.now() or (parked is not None and parked >= limit.until):
        return
    with context.store.transaction():
        context.store.update_loop(
            parked_until=limit.until,
            park_reason=limit.reason,
            parked_at=context.now(),
            parked_for=FailureKind.LIMIT,
        )
        context.tell(LoopParked(until=rfc3339(limit.until), reason=limit.reason))
