from __future__ import annotations

from dataclasses import replace

import pytest

from forge_loop.domain.candidate import Harvest, Taken, taken

NEW = Harvest(commit="new", uncommitted=False)
STALE = replace(NEW, problems=("new is not built on base",))


def judged(harvest: Harvest, *, unmerged: bool = False, asked_to_finish: bool = False) -> Taken:
    return taken(harvest, head_sha="before", unmerged=unmerged, asked_to_finish=asked_to_finish)


@pytest.mark.parametrize("asked", [False, True])
def test_a_new_commit_without_a_problem_is_a_candidate(asked: bool) -> None:
    assert judged(NEW, asked_to_finish=asked) is Taken.CANDIDATE
    assert taken(NEW, head_sha=None, unmerged=False, asked_to_finish=asked) is Taken.CANDIDATE


@pytest.mark.parametrize("commit", [None, "before"])
@pytest.mark.parametrize("unmerged", [False, True])
def test_no_commit_and_the_commit_of_before_are_nothing_new(commit: str | None, unmerged: bool) -> None:
    assert judged(replace(NEW, commit=commit), unmerged=unmerged) is Taken.NOTHING_NEW


@pytest.mark.parametrize("commit", [None, "before", "new"])
@pytest.mark.parametrize("unmerged", [False, True])
def test_what_is_not_committed_is_asked_for_once(commit: str | None, unmerged: bool) -> None:
    left = replace(NEW, commit=commit, uncommitted=True)
    assert judged(left, unmerged=unmerged) is Taken.UNFINISHED
    assert judged(left, unmerged=unmerged, asked_to_finish=True) is not Taken.UNFINISHED


@pytest.mark.parametrize("uncommitted", [False, True])
@pytest.mark.parametrize("asked", [False, True])
def test_a_problem_is_a_refusal_whatever_else_there_is(uncommitted: bool, asked: bool) -> None:
    bad = replace(NEW, uncommitted=uncommitted, problems=("a link that leaves the tree",))
    assert judged(bad, asked_to_finish=asked) is Taken.REFUSED


def test_base_left_out_after_a_conflict_is_another_round_and_no_refusal() -> None:
    assert judged(STALE, unmerged=True) is Taken.UNRESOLVED
    assert judged(replace(STALE, uncommitted=True), unmerged=True, asked_to_finish=True) is Taken.UNRESOLVED
    assert judged(STALE, unmerged=False) is Taken.REFUSED
