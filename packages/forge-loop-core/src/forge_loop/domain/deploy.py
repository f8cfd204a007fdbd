"""What deploys that ended mean for the loop.

Owns: how a deploy can end, and when that halts dispatch. Must not: run one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

FAILURES_THAT_HALT = 3


class DeployStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"  # the loop ended while it ran: it is never run again, a person must look


_FAILURES = (DeployStatus.FAILED, DeployStatus.TIMED_OUT)


def halt_reason(newest_first: Sequence[DeployStatus], *, commit: str, by_hand: str) -> str | None:
    """Why dispatch halts after the newest deploy, that of `commit`; None if it does not. `by_hand` is what to type."""
    if newest_first[0] is DeployStatus.UNKNOWN:
        return (
            f"it is not known whether the deploy of {commit} was finished: the loop ended while it ran, and it is not "
            f"run again. Look; if it must run, type: {by_hand}; then: forge-loop resume"
        )
    last = newest_first[:FAILURES_THAT_HALT]
    if len(last) == FAILURES_THAT_HALT and all(status in _FAILURES for status in last):
        return (
            f"{FAILURES_THAT_HALT} deploys in a row failed, the last one of {commit}; mend it, then: forge-loop resume"
        )
    return None
