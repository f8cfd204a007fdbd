"""The whole table of transitions, pair by pair, against the design's own drawing of it."""

from __future__ import annotations

from itertools import product

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.lifecycle import TRANSITIONS, check
from forge_loop.errors import IllegalTransition

# The drawing, line by line: what a state leads to besides resting and ending.
FORWARD = {
    "queued": "expanding working",
    "expanding": "working",
    "working": "revising checking",
    "revising": "revising checking",
    "checking": "revising publishing",
    "publishing": "revising reviewing",
    "reviewing": "revising merging",
    "merging": "revising checking merged",
    "cooling": "queued",
    "parked": "queued expanding working revising checking publishing reviewing merging",
}
ENDS = {"handed_over", "given_up", "yielded", "cancelled"}
RESTS = {
    **{state: {"cooling", "parked"} for state in FORWARD},
    "cooling": {"parked"},
    "parked": set(),
}
LEGAL = {(before, after) for before, forward in FORWARD.items() for after in {*forward.split(), *RESTS[before], *ENDS}}
PAIRS = sorted((str(before), str(after)) for before, after in product(JobState, JobState))


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_job_goes_where_the_drawing_leads_and_nowhere_else(before: str, after: str) -> None:
    if (before, after) in LEGAL:
        check(JobState(before), JobState(after))
        return
    with pytest.raises(IllegalTransition, match=f"a job that is {before} cannot become {after}"):
        check(JobState(before), JobState(after))


def test_every_state_has_its_line() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert set(FORWARD) == {str(state) for state in JobState if not state.terminal}


def test_a_terminal_state_has_no_exit() -> None:
    terminal = {state for state in JobState if state.terminal}
    assert {str(state) for state in terminal} == {"merged", *ENDS}
    assert not any(TRANSITIONS[state] for state in terminal)


def test_every_active_state_can_rest_and_can_end_in_every_way_but_a_merge() -> None:
    active = {state for state in JobState if state.active}
    assert {str(state) for state in active} == set(FORWARD) - {"queued", "cooling", "parked"}
    for state in active:
        assert {str(after) for after in TRANSITIONS[state]} >= {"cooling", "parked", *ENDS}


def test_only_merging_leads_to_merged() -> None:
    assert [state for state in JobState if JobState.MERGED in TRANSITIONS[state]] == [JobState.MERGING]


def test_every_state_can_be_reached_from_queued() -> None:
    seen, ahead = set[JobState](), [JobState.QUEUED]
    while ahead:
        state = ahead.pop()
        if state not in seen:
            seen.add(state)
            ahead.extend(TRANSITIONS[state])
    assert seen == set(JobState)


def test_a_change_reaches_a_merge_only_through_checks_and_review() -> None:
    """Without CHECKING or without REVIEWING there is no way from QUEUED to MERGED, parking aside."""
    for without in (JobState.CHECKING, JobState.REVIEWING, JobState.PUBLISHING):
        seen, ahead = set[JobState](), [JobState.QUEUED]
        while ahead:
            state = ahead.pop()
            if state not in seen | {without, JobState.PARKED}:
                seen.add(state)
                ahead.extend(TRANSITIONS[state])
        assert JobState.MERGED not in seen
