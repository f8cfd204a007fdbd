"""The figures of a state directory, each against rows that stand there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from forge_loop.agents.processes import find as find_process
from forge_loop.config.layout import StateLayout
from forge_loop.database import Database
from forge_loop.domain.events import LoopStopped, TickFinished, WatchdogEndedSession
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.severity import Severity
from forge_loop.domain.tallies import TICK_SECONDS
from forge_loop.queue import SQLiteQueue
from forge_loop.status.figures import Figures, Spread, read_figures
from forge_loop.store import Store, open_store
from support.samples import NOW, issue
from support.stored import stored_attempt, stored_job


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


@contextmanager
def writing(state: Path) -> Iterator[tuple[Store, Database]]:
    database = Database(StateLayout(state).database, durability="normal")
    try:
        SQLiteQueue(database, max_deliveries=None)
        yield open_store(database), database
    finally:
        database.close()


@contextmanager
def figures(state: Path) -> Iterator[Figures]:
    with read_figures(state, now=NOW) as found:
        assert found is not None
        yield found


def test_where_no_loop_has_been_there_is_nothing_to_read(state: Path) -> None:
    with read_figures(state, now=NOW) as found:
        assert found is None


def test_a_loop_that_does_not_run_is_not_up_and_says_what_keeps_dispatch_closed(state: Path) -> None:
    with writing(state) as (store, _):
        store.update_loop(repo="me/it", slots=3, last_tick=NOW, paused=True, halt_reason="h", parked_until=NOW)
    with figures(state) as found:
        loop = found.loop()
        assert (loop.repo, loop.up, loop.paused, loop.slots) == ("me/it", False, True, 3)
        assert loop.closed == {"paused", "halted"}
        assert loop.slots_used == 0
        assert (loop.last_tick, loop.parked_until) == (NOW.timestamp(), NOW.timestamp())
        assert found.running_sessions() == {}


def test_a_job_that_waits_for_the_code_host_holds_no_slot(state: Path) -> None:
    own = find_process(os.getpid())
    assert own is not None
    with writing(state) as (store, _):
        store.update_loop(pid=own.pid, start_ticks=own.started, slots=3)
        stored_job(store, issue(key="a"), state=JobState.WORKING)
        stored_job(store, issue(key="b"), state=JobState.MERGING, waits_for="the code host's checks")
        stored_job(store, issue(key="c"), state=JobState.QUEUED)
    with figures(state) as found:
        loop = found.loop()
        assert (loop.up, loop.slots_used) == (True, 1)


def test_a_pause_that_is_over_is_none(state: Path) -> None:
    with writing(state) as (store, _):
        store.update_loop(paused=True, paused_until=NOW - timedelta(seconds=1))
    with figures(state) as found:
        assert found.loop().paused is False


def test_the_oldest_job_that_has_not_begun_is_known(state: Path) -> None:
    with writing(state) as (store, _):
        stored_job(store, issue(key="a"), at=NOW - timedelta(seconds=90))
        stored_job(store, issue(key="b"), at=NOW - timedelta(seconds=10))
        stored_job(store, issue(key="c"), at=NOW - timedelta(hours=9), state=JobState.WORKING)
    with figures(state) as found:
        assert found.oldest_waiting() == 90.0
        assert found.jobs() == {("queued",): 2, ("working",): 1}


def test_durations_fall_between_their_bounds(state: Path) -> None:
    with writing(state) as (store, _):
        job = stored_job(store)
        for number, seconds in enumerate((5, 10, 11, 500), start=1):
            end = NOW + timedelta(seconds=seconds)
            stored_attempt(store, job, number=number, ended_at=end, outcome="failed")
        stored_attempt(store, job, number=9)
    with figures(state) as found:
        assert found.attempts((10.0, 60.0)) == {("failed",): Spread(counts=(2, 1, 1), total=526.0)}
        assert found.attempts(()) == {("failed",): Spread(counts=(4,), total=526.0)}


def test_a_retry_is_counted_by_what_failed_before(state: Path) -> None:
    with writing(state) as (store, _):
        job = stored_job(store)
        stored_attempt(store, job, failure_kind=FailureKind.CHECKS_RED)
        stored_attempt(store, job, number=2, failure_kind=FailureKind.STALLED)
        stored_attempt(store, job, number=3)
    with figures(state) as found:
        assert found.retries() == {("checks_red",): 1, ("stalled",): 1}


def test_ended_sessions_are_counted_with_their_tokens(state: Path) -> None:
    common = {"session": "s", "round": 0, "purpose": "begin", "brief_sha256": "b", "model": "m", "transcript": "t"}
    with writing(state) as (store, _):
        job = stored_job(store)
        whose = {"job": job.id, "attempt": None, "head_sha": None, "started_at": NOW, **common}
        ended = {"ended_at": NOW + timedelta(seconds=30), "outcome": SessionOutcome.DONE}
        store.sessions.insert(role=Role.WORKER, tokens_in=100, tokens_out=7, **whose, **ended)
        store.sessions.insert(role=Role.WORKER, tokens_in=10, tokens_out=1, **whose, **ended)
        store.sessions.insert(role=Role.CRITIC, tokens_in=5, **whose)
    with figures(state) as found:
        assert found.sessions((30.0,)) == {("worker", "done"): Spread(counts=(2, 0), total=60.0)}
        assert found.tokens() == {"worker": (110, 8)}


def test_verdicts_findings_checks_and_pull_requests_are_counted(state: Path) -> None:
    with writing(state) as (store, _):
        job = stored_job(store, state=JobState.MERGED, pull_request=3, updated_at=NOW + timedelta(seconds=700))
        stored_job(store, issue(key="b"), state=JobState.REVIEWING, pull_request=4)
        review = store.reviews.insert(
            job=job.id,
            attempt=1,
            session="s",
            round=0,
            head_sha="h",
            base_sha="b",
            brief_sha256="b",
            snapshot_sha256="s",
            overall=Overall.APPROVE,
            approves=True,
            reviewed=(),
            at=NOW,
        )
        store.findings.insert(
            job=job.id,
            review=review.id,
            severity=Severity.SEV3,
            category=Category.STYLE,
            file=None,
            line=None,
            message="m",
        )
        check = {"job": job.id, "attempt": 1, "head_sha": "h", "base_sha": "b", "output": "", "seconds": 0.1, "at": NOW}
        store.checks.insert(command="a", passed=True, status=0, **check)
        store.checks.insert(command="b", passed=False, status=1, **check)
        store.checks.insert(command="c", passed=False, status=None, **check)
    with figures(state) as found:
        assert found.reviews() == {("approve",): 1}
        assert found.findings() == {("sev3", "style"): 1}
        assert found.checks() == {("passed",): 1, ("failed",): 1, ("timed_out",): 1}
        assert found.pull_requests() == {("merged",): 1}
        assert found.lead_times((600.0, 1800.0)) == {(): Spread(counts=(0, 1, 0), total=700.0)}


def test_what_events_count_does_not_fall_when_events_are_removed(state: Path) -> None:
    with writing(state) as (store, database):
        store.events.append(LoopStopped(reason="r"), at=NOW)
        store.events.append(WatchdogEndedSession(role="worker", reason="no sign of life"), at=NOW)
        store.events.append(TickFinished(seconds=0.02, in_hand=0), at=NOW)
        with database.transaction() as connection:
            connection.execute("DELETE FROM events")
    with figures(state) as found:
        assert found.events() == {("loop.stopped",): 1, ("tick.finished",): 1, ("watchdog.ended_session",): 1}
        assert found.watchdog() == {("no sign of life",): 1}
        ticks = found.ticks()
        assert (len(ticks.counts), sum(ticks.counts), ticks.total) == (len(TICK_SECONDS) + 1, 1, 0.02)


def test_the_queue_is_counted_as_it_stands(state: Path) -> None:
    with writing(state) as (_, database):
        SQLiteQueue(database, max_deliveries=None).push({"job": 1})
    with figures(state) as found:
        assert found.queue() == {"ready": 1, "delayed": 0, "leased": 0, "dead": 0}
