"""Failure kinds decide the policy: what a failed attempt costs and when the next one starts.

Owns: the policy table, the delay, the fingerprint. Must not: read a clock or draw a random number; the jitter is hashed
from (issue, attempt), so that the same failure always waits equally long.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from forge_loop.domain.job import FailureKind

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
ENOUGH_DOUBLINGS = 7  # beyond the longest delay; an outage may last for more failures than a float has exponents
JITTER = 0.10
LOST_AT_MOST = 5  # a session whose processes die so often is taken to be the work's own fault


class Policy(StrEnum):
    PARK = "park"  # the whole loop waits; nothing is charged
    BACK_OFF = "back_off"  # this job waits; nothing is charged
    HALT = "halt"  # dispatch stops until the operator acts; nothing is charged
    CHARGE = "charge"  # an attempt is used up


_POLICIES = {
    FailureKind.LIMIT: Policy.PARK,
    FailureKind.TRANSIENT: Policy.BACK_OFF,
    FailureKind.LOST: Policy.BACK_OFF,
    FailureKind.INTERRUPTED: Policy.BACK_OFF,
    FailureKind.AUTH: Policy.HALT,
    FailureKind.CONFIGURATION: Policy.HALT,
    FailureKind.WORKER_FAILED: Policy.CHARGE,
    FailureKind.PERMISSION_DENIED: Policy.CHARGE,
    FailureKind.NO_COMMIT: Policy.CHARGE,
    FailureKind.NO_REPORT: Policy.CHARGE,
    FailureKind.CHECKS_RED: Policy.CHARGE,
    FailureKind.CONFLICT: Policy.CHARGE,
    FailureKind.REFUSED_CANDIDATE: Policy.CHARGE,
    FailureKind.STALLED: Policy.CHARGE,
    FailureKind.TIMED_OUT: Policy.CHARGE,
    FailureKind.KILLED: Policy.CHARGE,
}


def policy(kind: FailureKind) -> Policy:
    """What a failure of this kind leads to."""
    return _POLICIES[kind]


def delay(*, issue: int, attempt: int, count: int) -> timedelta:
    """How long to wait after the `count`-th failure in a row (from 1): doubling from 30 s to 1 h, +-10 %."""
    doublings = min(max(count, 1) - 1, ENOUGH_DOUBLINGS)
    seconds = min(FIRST_DELAY.total_seconds() * 2**doublings, LONGEST_DELAY.total_seconds())
    return timedelta(seconds=seconds * (1 + JITTER * _spread(issue, attempt)))


def _spread(issue: int, attempt: int) -> float:
    """A number from -1 to 1 that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{issue}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 0xFFFFFFFF * 2 - 1


_RUN = re.compile(r"[\w.-]+")
_HEX_ID = re.compile(r"[0-9a-f]{7,}")


def fingerprint(kind: FailureKind, detail: str) -> str:
    """What makes two failures the same: their kind and their words without numbers, paths and ids. 12 hex digits."""
    words = " ".join("#" if "/" in word else _RUN.sub(_steady, word) for word in detail.lower().split())
    return hashlib.sha256(f"{kind}\n{words}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _steady(run: re.Match[str]) -> str:
    """A run of word characters, or a mark where it is a number, an id, or holds one."""
    varies = any(character.isdigit() for character in run[0]) or _HEX_ID.fullmatch(run[0])
    return "#" if varies else run[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryRules:
    """`attempts` per approval; `cooldown` after the same fingerprint twice in a row."""

    attempts: int
    cooldown: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class CoolDown:
    until: datetime
    charged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ParkLoop:
    """The account is limited: park the loop, resume the same session afterwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HaltLoop:
    reason: str


Next = CoolDown | GiveUp | ParkLoop | HaltLoop


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A failed attempt. `charged_before` counts attempts charged earlier, `in_a_row` uncharged failures including this.

    `same_as_last` says whether the previous failure of this job had the same fingerprint.
    """

    kind: FailureKind
    detail: str
    issue: int
    attempt: int
    charged_before: int
    in_a_row: int
    same_as_last: bool


def after(failure: Failure, rules: RetryRules, now: datetime) -> Next:
    """What follows a failure."""
    match policy(failure.kind):
        case Policy.PARK:
            return ParkLoop()
        case Policy.HALT:
            return HaltLoop(reason=failure.detail)
        case Policy.BACK_OFF if failure.kind is FailureKind.LOST and failure.in_a_row > LOST_AT_MOST:
            return _charge(failure, rules, now)
        case Policy.BACK_OFF:
            wait = delay(issue=failure.issue, attempt=failure.attempt, count=failure.in_a_row)
            return CoolDown(until=now + wait, charged=False)
        case Policy.CHARGE:
            return _charge(failure, rules, now)


def _charge(failure: Failure, rules: RetryRules, now: datetime) -> Next:
    used = failure.charged_before + 1
    if used >= rules.attempts:
        many = f"{used} attempts failed, the last one" if used > 1 else "the attempt failed"
        return GiveUp(reason=f"{many}: {failure.detail}")
    wait = delay(issue=failure.issue, attempt=failure.attempt, count=used)
    return CoolDown(until=now + (max(wait, rules.cooldown) if failure.same_as_last else wait), charged=True)
