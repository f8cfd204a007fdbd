"""How far a request has come."""

from __future__ import annotations

from datetime import timedelta

from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from forge_loop.status.requests import Progress, asked, one_asked
from forge_loop.store import RequestState, Store
from support.samples import NOW
from support.stored import stored_job


def put(store: Store, kind: str, state: RequestState = RequestState.APPLIED, issue: int | None = None) -> int:
    row = store.requests.insert(
        kind=kind, issue=issue, detail={}, requested_at=NOW, state=state, answer="so", requested_by="a test"
    )
    return row.id


def progress(store: Store, number: int) -> Progress:
    found = one_asked(store, number)
    assert found is not None
    return found.progress


def test_a_request_is_requested_then_done_or_refused(store: Store) -> None:
    waiting = put(store, "pause", RequestState.REQUESTED)
    refused = put(store, "retry", RequestState.REFUSED, issue=42)
    done = put(store, "pause")
    assert [progress(store, each) for each in (waiting, refused, done)] == [
        Progress.REQUESTED,
        Progress.REFUSED,
        Progress.DONE,
    ]
    assert [each.id for each in asked(store)] == [done, refused, waiting]
    assert [each.by for each in asked(store, issue=42)] == ["a test"]


def test_a_kill_is_under_way_until_the_session_is_over(store: Store) -> None:
    job = stored_job(store, state=JobState.WORKING)
    session = store.sessions.insert(
        session="s",
        job=job.id,
        attempt=None,
        role=Role.WORKER,
        round=0,
        purpose="begin",
        head_sha=None,
        brief_sha256="",
        model="m",
        transcript="/t",
        started_at=NOW - timedelta(minutes=1),
    )
    number = put(store, "kill", issue=job.issue)
    assert progress(store, number) is Progress.ACCEPTED
    store.sessions.update(session.id, ended_at=NOW)
    assert progress(store, number) is Progress.DONE
