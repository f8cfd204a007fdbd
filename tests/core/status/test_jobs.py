"""Lists of jobs: the newest of each issue, page by page."""

from __future__ import annotations

from forge_loop.domain.job import JobState
from forge_loop.status.jobs import counts, newest_jobs
from forge_loop.store import Store
from support.samples import issue
from support.stored import stored_job


def test_an_issue_shows_its_newest_job_and_pages_follow_each_other(store: Store) -> None:
    for number in range(1, 6):
        stored_job(store, issue(number=number, key=f"i{number}", title=f"Number {number}"), state=JobState.MERGED)
    again = stored_job(store, issue(number=2, key="i2", title="Number 2 anew"))
    first = newest_jobs(store, limit=2)
    second = newest_jobs(store, before=first[-1].id, limit=9)
    assert [job.issue for job in [*first, *second]] == [2, 5, 4, 3, 1]
    assert first[0] == again
    assert counts(store) == {JobState.MERGED: 4, JobState.QUEUED: 1}


def test_lists_are_chosen_by_state_words_and_issue(store: Store) -> None:
    stored_job(store, issue(number=1, key="a", title="Greet 100% of users"), state=JobState.COOLING)
    stored_job(store, issue(number=2, key="b", title="Greet 100 users"))
    assert [job.issue for job in newest_jobs(store, states=[JobState.COOLING])] == [1]
    assert [job.issue for job in newest_jobs(store, words="greet 100%")] == [1]
    assert [job.issue for job in newest_jobs(store, words="users greet")] == [2, 1]
    assert [job.issue for job in newest_jobs(store, issue=2)] == [2]
