"""What a code host's own checks say of a commit, and what follows from it.

Owns: the shape of one check, and the decision to wait, go on, send back or ask a person. Must not: look anything up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Checks appear some seconds after a push: an empty list before that is not "there are none".
DWELL = timedelta(seconds=90)
# So long without a change among the checks, and nobody is working on them.
QUIET = timedelta(minutes=30)
# The longer they take, the less often they are looked at.
LOOK_AGAIN = timedelta(seconds=30)
LOOK_AT_LEAST = timedelta(minutes=5)


class HostCheckState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCheck:
    """One check of a commit. `required` by the host's rules; a required one that has not appeared is PENDING.

    `output` is the last part of what a failed one printed, as far as it can be read.
    """

    name: str
    state: HostCheckState
    required: bool = False
    output: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HostFacts:
    """What is known of a pushed commit's checks. `checks` is None where the host runs none at all.

    `changed_at` is when they were last seen to differ from the look before. `unread` says why they could not be read.
    """

    checks: Sequence[HostCheck] | None
    pushed_at: datetime
    changed_at: datetime
    unread: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GoOn:
    """Nothing stands against it. `evidence` counts the checks that passed."""

    evidence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    checks: tuple[HostCheck, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TooLong:
    reason: str


Judgement = GoOn | Wait | Failed | TooLong


def judge(facts: HostFacts, *, longest: timedelta, now: datetime) -> Judgement:
    """A failed check goes back at once, whatever else still runs; every pending one is waited for, up to `longest`.

    Where the host names what it requires, and all of that has passed, nothing more can appear that matters.
    """
    if facts.unread is not None:
        return _unread(facts, facts.unread, longest, now)
    if facts.checks is None:
        return GoOn(evidence=0)
    failed = tuple(check for check in facts.checks if check.state is HostCheckState.FAILED)
    if failed:
        return Failed(checks=failed)
    pending = [check.name for check in facts.checks if check.state is HostCheckState.PENDING]
    if pending:
        return _waited(facts, pending, longest, now)
    settled = facts.pushed_at + DWELL
    if now < settled and not any(check.required for check in facts.checks):
        return Wait(until=settled, reason="the code host's checks may still appear")
    return GoOn(evidence=sum(check.state is HostCheckState.PASSED for check in facts.checks))


def _unread(facts: HostFacts, why: str, longest: timedelta, now: datetime) -> Wait | TooLong:
    if now >= facts.pushed_at + longest:
        return TooLong(reason=f"the code host's checks could not be read: {why}")
    return Wait(until=_next_look(facts, now), reason=f"the code host's checks cannot be read: {why}")


def _waited(facts: HostFacts, pending: list[str], longest: timedelta, now: datetime) -> Wait | TooLong:
    names = ", ".join(pending[:3])
    if now >= facts.pushed_at + longest:
        return TooLong(reason=f"the code host's checks did not end in time: {names}")
    if now >= facts.changed_at + QUIET:
        return TooLong(reason=f"nothing has happened to the code host's checks for a long time: {names}")
    return Wait(until=_next_look(facts, now), reason=f"the code host's checks are not done: {names}")


def _next_look(facts: HostFacts, now: datetime) -> datetime:
    return now + min(max(LOOK_AGAIN, (now - facts.pushed_at) / 10), LOOK_AT_LEAST)
