"""The lifecycle: which state a job may go to from which.

Owns: the table of transitions. Must not: decide why a job moves; the stages do that.
"""

from __future__ import annotations

from forge_loop.domain.job import JobState
from forge_loop.errors import IllegalTransition

_ENDS = frozenset({JobState.HANDED_OVER, JobState.GIVEN_UP, JobState.YIELDED, JobState.CANCELLED})
_RESTS = frozenset({JobState.COOLING, JobState.PARKED}) | _ENDS

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: _RESTS | {JobState.EXPANDING, JobState.WORKING},
    JobState.EXPANDING: _RESTS | {JobState.WORKING},
    JobState.WORKING: _RESTS | {JobState.REVISING, JobState.CHECKING},
    JobState.REVISING: _RESTS | {JobState.REVISING, JobState.CHECKING},
    JobState.CHECKING: _RESTS | {JobState.REVISING, JobState.PUBLISHING},
    JobState.PUBLISHING: _RESTS | {JobState.REVISING, JobState.REVIEWING},
    JobState.REVIEWING: _RESTS | {JobState.REVISING, JobState.MERGING},
    JobState.MERGING: _RESTS | {JobState.REVISING, JobState.CHECKING, JobState.MERGED},
    JobState.COOLING: _ENDS | {JobState.PARKED, JobState.QUEUED},
    JobState.PARKED: _ENDS | frozenset(state for state in JobState if state.active) | {JobState.QUEUED},
    JobState.MERGED: frozenset(),
    JobState.HANDED_OVER: frozenset(),
    JobState.GIVEN_UP: frozenset(),
    JobState.YIELDED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def check(before: JobState, after: JobState) -> None:
    """Raise IllegalTransition unless a job in `before` may go to `after`."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"a job that is {before} cannot become {after}")
