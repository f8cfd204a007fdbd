"""Whether dispatch is open: the account-wide and loop-wide reasons why no job is claimed.

Owns: those reasons. Must not: know of a single job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.reason import Reason

MEBIBYTE = 1024 * 1024
LEAST_FREE_BYTES = 64 * MEBIBYTE  # below it a clone, a commit or a row may fail halfway


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchFacts:
    """`base_red` says which checks fail on the untouched base; `base_unchecked`: they have not run there yet."""

    paused: bool
    paused_until: datetime | None
    pause_reason: str | None
    parked_until: datetime | None
    park_reason: str | None
    halt_reason: str | None
    base_known: bool
    base_unchecked: bool = False
    base_red: str | None = None
    free_bytes: int | None = None


def closed_because(facts: DispatchFacts, now: datetime) -> tuple[Reason, ...]:
    """Every reason that holds; empty means open."""
    reasons = []
    if facts.paused and (facts.paused_until is None or facts.paused_until > now):
        text = _sentence("the loop is paused", facts.pause_reason)
        reasons.append(Reason(code="paused", text=text, until=facts.paused_until))
    if facts.parked_until is not None and facts.parked_until > now:
        text = _sentence("the loop is parked", facts.park_reason)
        reasons.append(Reason(code="parked", text=text, until=facts.parked_until))
    if facts.halt_reason is not None:
        reasons.append(Reason(code="halted", text=_sentence("dispatch is halted", facts.halt_reason)))
    if not facts.base_known:
        reasons.append(Reason(code="base_unknown", text="the commit of the base branch is not known"))
    if facts.base_unchecked:
        reasons.append(Reason(code="base_unchecked", text="the checks have not run on the untouched base yet"))
    if facts.base_red is not None:
        text = f"the checks fail on the untouched base ({facts.base_red}): mend base, or checks in forge-loop.yaml"
        reasons.append(Reason(code="base_red", text=text))
    if is_low(facts.free_bytes):
        left = f"{(facts.free_bytes or 0) // MEBIBYTE} MiB are left on the disk of the state directory"
        reasons.append(Reason(code="storage_low", text=f"{left}, work waits for {LEAST_FREE_BYTES // MEBIBYTE}"))
    return tuple(reasons)


def is_low(free_bytes: int | None) -> bool:
    """Whether so much space is too little to begin or to blame work; None: not known."""
    return free_bytes is not None and free_bytes < LEAST_FREE_BYTES


def _sentence(state: str, why: str | None) -> str:
    return f"{state}: {why}" if why else state
