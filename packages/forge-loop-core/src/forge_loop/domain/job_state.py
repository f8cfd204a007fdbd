"""The states of a job.

Owns: which there are, and which of them end a job or occupy a slot. Must not: know what leads from one to another
(that is `lifecycle`).
"""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    QUEUED = "queued"
    EXPANDING = "expanding"
    WORKING = "working"
    REVISING = "revising"
    CHECKING = "checking"
    PUBLISHING = "publishing"
    REVIEWING = "reviewing"
    MERGING = "merging"
    COOLING = "cooling"
    PARKED = "parked"
    MERGED = "merged"
    HANDED_OVER = "handed_over"
    GIVEN_UP = "given_up"
    YIELDED = "yielded"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in _TERMINAL

    @property
    def active(self) -> bool:
        """In a worker's, a check's or a critic's hands: occupies a slot."""
        return self in _ACTIVE


_TERMINAL = frozenset({JobState.MERGED, JobState.HANDED_OVER, JobState.GIVEN_UP, JobState.YIELDED, JobState.CANCELLED})
_ACTIVE = frozenset(
    {
        JobState.EXPANDING,
        JobState.WORKING,
        JobState.REVISING,
        JobState.CHECKING,
        JobState.PUBLISHING,
        JobState.REVIEWING,
        JobState.MERGING,
    }
)
