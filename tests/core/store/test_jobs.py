"""Creating and moving jobs: a change and its event, together or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from forge_loop.domain.job import Job, JobState
from forge_loop.domain.lifecycle import TRANSITIONS
from forge_loop.errors import IllegalTransition
from forge_loop.store import Store
from support import samples
from support.samples import NOW
from support.stored import Undone, stored_approval, stored_job, undone

LATER = NOW + timedelta(minutes=5)

# The event that tells of each state, and its data for the job below.
TOLD: Mapping[JobState, tuple[str, Mapping[str, Any]]] = {
    JobState.MERGED: ("job.merged", {"commit": "c" * 40, "pull_request": 5}),
    JobState.HANDED_OVER: ("job.handed_over", {"reason": "why", "pull_request": 5}),
    JobState.GIVEN_UP: ("job.given_up", {"reason": "why"}),
    JobState.YIELDED: ("job.yielded", {"reason": "why"}),
    JobState.CANCELLED: ("job.cancelled", {"reason": "why"}),
    JobState.COOLING: ("job.cooled_down", {"until": "2026-01-31T12:05:00.123Z", "reason": "why"}),
}
FACTS: dict[str, Any] = {"merged_sha": "c" * 40, "pull_request": 5, "not_before": LATER}


def in_state(store: Store, state: JobState) -> Job:
    return stored_job(store, state=state)


def test_a_new_job_is_queued_on_a_branch_of_its_own_and_told(store: Store) -> None:
    issue = samples.issue(number=9, key="i9", title="../../etc; rm -rf /", priority=1)
    job = stored_job(store, issue)
    assert (job.state, job.issue, job.issue_key, job.priority) == (JobState.QUEUED, 9, "i9", 1)
    assert job.branch == f"forge/9-{job.id}"
    assert (job.title, job.created_at, job.updated_at) == (issue.title, NOW, NOW)
    (told,) = store.events.after(0)
    assert (told.kind, told.issue, told.job, told.at) == ("job.queued", 9, job.id, NOW)
    assert told.data == {"title": issue.title, "priority": 1, "labels": sorted(issue.labels)}


@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before in JobState for after in sorted(TRANSITIONS[before])]
)
def test_a_move_is_stored_and_told_as_what_it_is(before: JobState, after: JobState, store: Store) -> None:
    job = in_state(store, before)
    moved = store.jobs.move(job, after, at=LATER, reason="why", **FACTS)
    assert moved == replace(job, state=after, reason="why", updated_at=LATER, **FACTS)
    assert store.jobs.get(job.id) == moved
    told = store.events.after(0)[-1]
    kind, data = TOLD.get(after, ("job.advanced", {"before": before, "after": after, "reason": "why"}))
    assert (told.kind, told.data, told.at) == (kind, data, LATER)
    assert (told.issue, told.job) == (job.issue, job.id)


def test_a_move_without_a_reason_forgets_the_earlier_one(store: Store) -> None:
    job = stored_job(store, state=JobState.COOLING, reason="checks failed")
    assert store.jobs.move(job, JobState.QUEUED, at=NOW).reason is None


def test_interruptions_are_counted_until_the_job_gets_on(store: Store) -> None:
    job = stored_job(store, state=JobState.WORKING, interruptions=2)
    parked = store.jobs.move(job, JobState.PARKED, at=NOW, interruptions=3)
    again = store.jobs.move(parked, JobState.WORKING, at=NOW)
    assert (parked.interruptions, again.interruptions) == (3, 3)
    assert store.jobs.move(again, JobState.CHECKING, at=NOW).interruptions == 0


def test_an_illegal_move_changes_nothing(store: Store) -> None:
    for before, after in product(JobState, JobState):
        if after in TRANSITIONS[before]:
            continue
        with undone(store):
            job, told = in_state(store, before), store.events.newest()
            with pytest.raises(IllegalTransition):
                store.jobs.move(job, after, at=LATER)
            assert (store.jobs.get(job.id), store.events.newest()) == (job, told)


def test_a_job_that_was_cancelled_meanwhile_is_not_brought_back(store: Store) -> None:
    working = in_state(store, JobState.WORKING)
    cancelled = store.jobs.move(working, JobState.CANCELLED, at=NOW)
    with pytest.raises(IllegalTransition, match=rf"job {working.id} was working and is cancelled by now"):
        store.jobs.move(working, JobState.CHECKING, at=LATER, head_sha="a" * 40)
    assert store.jobs.get(working.id) == cancelled


def test_a_move_and_its_event_are_kept_or_undone_together(store: Store) -> None:
    job, told = in_state(store, JobState.WORKING), store.events.newest()

    def move_and_raise() -> None:
        with store.transaction():
            store.jobs.move(job, JobState.CHECKING, at=LATER)
            assert store.jobs.get(job.id).state is JobState.CHECKING
            assert store.events.newest() == told + 1
            raise Undone

    with pytest.raises(Undone):
        move_and_raise()
    assert (store.jobs.get(job.id), store.events.newest()) == (job, told)


def test_a_move_whose_event_cannot_be_written_is_undone(store: Store) -> None:
    job = in_state(store, JobState.WORKING)
    with store.transaction() as connection:
        connection.execute("CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        store.jobs.move(job, JobState.CHECKING, at=LATER)
    assert store.jobs.get(job.id) == job


def test_a_job_whose_event_cannot_be_written_is_not_created(store: Store) -> None:
    approval = stored_approval(store)
    with store.transaction() as connection:
        connection.execute("CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        store.jobs.create(samples.issue(), approval, at=NOW)
    assert store.jobs.select() == []


@pytest.mark.parametrize("state", [state for state in JobState if not state.terminal])
def test_an_approval_has_one_live_job_at_most(state: JobState, store: Store) -> None:
    approval = stored_approval(store)
    job = store.jobs.create(samples.issue(), approval, at=NOW)
    store.jobs.update(job.id, state=state)
    told = store.events.newest()
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        store.jobs.create(samples.issue(), approval, at=NOW)
    assert (len(store.jobs.select()), store.events.newest()) == (1, told)


@pytest.mark.parametrize("state", [state for state in JobState if state.terminal])
def test_a_job_that_has_ended_is_in_nobodys_way(state: JobState, store: Store) -> None:
    approval = stored_approval(store)
    job = store.jobs.create(samples.issue(), approval, at=NOW)
    store.jobs.update(job.id, state=state)
    assert store.jobs.create(samples.issue(), approval, at=NOW).id != job.id


def test_a_job_needs_an_approval_that_is_recorded(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        store.jobs.create(samples.issue(), samples.approval(id=99), at=NOW)


def test_live_jobs_are_those_that_have_not_ended(store: Store) -> None:
    jobs = [in_state(store, state) for state in JobState]
    assert store.jobs.live() == [job for job in jobs if not job.state.terminal]


def test_the_newest_job_is_found_by_key_and_by_number(store: Store) -> None:
    stored_job(store)
    newest = stored_job(store)
    renumbered = stored_job(store, samples.issue(number=42, key="another"))
    assert store.jobs.newest("i42") == newest
    assert store.jobs.newest("another") == renumbered
    assert store.jobs.newest_by_number(42) == renumbered
    assert store.jobs.newest("none") is None
    assert store.jobs.newest_by_number(7) is None


def test_a_slot_is_held_by_who_works_and_not_by_who_waits_for_the_host(store: Store) -> None:
    stored_job(store, samples.issue(number=1, key="a"), state=JobState.WORKING)
    stored_job(store, samples.issue(number=2, key="b"), state=JobState.MERGING, waits_for="its checks")
    stored_job(store, samples.issue(number=3, key="c"), state=JobState.COOLING)
    assert store.jobs.slots_held() == 1 == sum(job.holds_slot for job in store.jobs.live())
