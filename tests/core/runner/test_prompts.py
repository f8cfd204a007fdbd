"""What the next brief remembers of what came before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.domain.issue import Issue
from forge_loop.domain.job import Job
from forge_loop.runner import prompts
from support.runner_world import World, approve, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path, {})
    yield made
    made.close()


def job_of(world: World, issue: Issue) -> Job:
    store, now = world.context.store, world.clock.now()
    approval = store.approvals.insert(
        issue=issue.number,
        issue_key=issue.key,
        actor="me",
        at=now,
        sha256=issue.sha256,
        title=issue.title,
        body=issue.body,
    )
    return store.jobs.create(issue, approval, at=now)


def failed(world: World, job: Job, *notes: str) -> None:
    store = world.context.store
    for note in notes:
        number = len(store.attempts.select("job = ?", job.id)) + 1
        now = world.clock.now()
        store.attempts.insert(
            job=job.id,
            issue=job.issue,
            number=number,
            base_sha=None,
            head_sha=None,
            started_at=now,
            ended_at=now,
            outcome="failed",
            note=note,
        )


def test_a_brief_remembers_the_last_five_attempts_also_those_under_an_earlier_approval(world: World) -> None:
    issue = world.tracker.issue(approve(world, "Say hello"))
    earlier = job_of(world, issue)
    failed(world, earlier, "one", "two", "three", "four")
    world.context.store.jobs.update(earlier.id, state="given_up")
    job = job_of(world, issue)
    failed(world, job, "five", "six")
    other = job_of(world, world.tracker.issue(approve(world, "Something else")))
    failed(world, other, "of another issue")
    assert prompts.earlier_attempts(world.context, job).splitlines() == [
        "attempt 2 under an earlier approval: failed; two",
        "attempt 3 under an earlier approval: failed; three",
        "attempt 4 under an earlier approval: failed; four",
        "attempt 1: failed; five",
        "attempt 2: failed; six",
    ]
    assert "attempt 2: failed; six" in prompts.worker(world.context, job, notes="")


def test_an_attempt_that_is_under_way_is_no_memory_of_itself(world: World) -> None:
    job = job_of(world, world.tracker.issue(approve(world, "Say hello")))
    world.context.store.attempts.insert(
        job=job.id, issue=job.issue, number=1, base_sha=None, head_sha=None, started_at=world.clock.now()
    )
    assert prompts.earlier_attempts(world.context, job) == ""
