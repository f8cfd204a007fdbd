"""Rows that stand in a store, for tests that need some before they begin.

Owns: putting the samples into the tables. Must not: go past the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from forge_loop.domain.issue import Issue
from forge_loop.domain.job import Approval, Attempt, Job
from forge_loop.store import Store
from support import samples


class Undone(Exception):
    """What a test raises to have a transaction undone."""


@contextmanager
def undone(store: Store) -> Iterator[None]:
    """A transaction of which nothing stays."""
    with suppress(Undone), store.transaction():
        yield
        raise Undone


def stored_approval(store: Store, of: Issue | None = None, **changes: Any) -> Approval:
    """The approval of an issue's text."""
    values = asdict(samples.approval(of or samples.issue()))
    del values["id"]
    return store.approvals.insert(**{**values, **changes})


def stored_job(store: Store, of: Issue | None = None, *, at: datetime = samples.NOW, **changes: Any) -> Job:
    """A queued job of an approval of its own; `changes` are written into the row as they are."""
    issue = of or samples.issue()
    job = store.jobs.create(issue, stored_approval(store, issue), at=at)
    return store.jobs.update(job.id, **changes) if changes else job


def stored_attempt(store: Store, job: Job, **changes: Any) -> Attempt:
    """The first attempt at a job."""
    values = {"number": 1, "base_sha": "b" * 40, "head_sha": None, "started_at": samples.NOW, **changes}
    return store.attempts.insert(job=job.id, issue=job.issue, **values)
