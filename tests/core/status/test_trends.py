"""A month of days: each counts what fell on it, in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from forge_loop.domain.events import LoopParked
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.status.trends import days
from forge_loop.store import Store
from support.samples import NOW, issue
from support.stored import stored_job


def ended(store: Store, number: int, state: JobState, *, hours: float, ago: float = 0, rounds: int = 0) -> None:
    job = stored_job(store, issue(number=number, key=f"i{number}"))
    end = NOW - timedelta(days=ago)
    store.jobs.update(job.id, state=state, round=rounds, created_at=end - timedelta(hours=hours), updated_at=end)


def test_each_day_counts_what_ended_and_began_on_it(store: Store) -> None:
    ended(store, 1, JobState.MERGED, hours=1)
    ended(store, 2, JobState.MERGED, hours=3, rounds=2)
    ended(store, 3, JobState.GIVEN_UP, hours=2)
    ended(store, 4, JobState.HANDED_OVER, hours=2, ago=1)
    ended(store, 5, JobState.CANCELLED, hours=2)
    ended(store, 6, JobState.MERGED, hours=1, ago=40)
    found = days(store, now=NOW)
    assert len(found) == 30
    today, yesterday = found[-1], found[-2]
    assert (today.merged, today.stuck, today.started) == (2, 1, 4)
    assert (today.lead_p50, today.lead_p90, today.first_pass, today.rounds) == (2.0, 2.8, 0.5, 1.0)
    assert (yesterday.merged, yesterday.stuck, yesterday.started) == (0, 1, 1)
    assert (yesterday.lead_p50, yesterday.first_pass) == (None, None)
    assert sum(day.merged for day in found) == 2


def test_failures_come_with_their_kinds_and_limits_are_counted(store: Store) -> None:
    job = stored_job(store, issue(number=1, key="i1"))
    for number, kind in enumerate((FailureKind.WORKER_FAILED, FailureKind.STALLED, FailureKind.WORKER_FAILED), 1):
        attempt = {"job": job.id, "issue": 1, "number": number, "base_sha": None, "head_sha": None, "note": "no"}
        store.attempts.insert(**attempt, started_at=NOW, ended_at=NOW, failure_kind=kind)
    store.events.append(LoopParked(until="2026-01-31T13:00:00Z", reason="usage"), at=NOW)
    today = days(store, now=NOW)[-1]
    assert (today.failed, today.kinds) == (3, (("worker_failed", 2), ("stalled", 1)))
    assert today.parked == 1


def test_a_day_is_one_of_utc_wherever_the_operator_is(store: Store) -> None:
    ended(store, 1, JobState.MERGED, hours=1)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=14)))
    assert days(store, now=elsewhere)[-1].start == datetime(2026, 1, 31, tzinfo=NOW.tzinfo)
    assert days(store, now=elsewhere)[-1].merged == 1
