"""Each kind of decision, taken again from rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forge_loop.config.model import Critic, Settings
from forge_loop.database import Database
from forge_loop.domain.job import FailureKind, SessionRow
from forge_loop.domain.review import Overall
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.severity import Severity
from forge_loop.store import ReviewRow, Store, open_store
from forge_loop_observability.replay.verify import Judged, verify
from support.samples import NOW
from support.stored import stored_attempt, stored_job

REPORT = {"status": "done", "summary": "did it", "tests_run": [], "notes": ""}
FINDING = {"severity": "sev3", "category": "style", "file": None, "line": None, "message": "a nit"}
APPROVAL = {"overall": "approve", "findings": [FINDING], "reviewed": ["all"]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = Database(tmp_path / "state.db", durability="normal")
    yield open_store(database)
    database.close()


def session(store: Store, role: Role, report: Any, **attempt: Any) -> SessionRow:
    """A session that ended with a report, the last one of an attempt of its own."""
    job = stored_job(store, lines_changed=200)
    made = stored_attempt(store, job, ended_at=NOW, outcome="merged", **attempt)
    return store.sessions.insert(
        session="s",
        job=job.id,
        attempt=made.id,
        role=role,
        round=0,
        purpose="begin",
        head_sha="h",
        brief_sha256="b",
        model="m",
        transcript="t",
        started_at=NOW,
        ended_at=NOW,
        outcome=SessionOutcome.DONE,
        report=json.dumps(report),
    )


def review(store: Store, row: SessionRow, overall: Overall, *, approves: bool) -> ReviewRow:
    return store.reviews.insert(
        job=row.job,
        attempt=row.attempt,
        session=row.session,
        round=0,
        head_sha="h",
        base_sha="b",
        brief_sha256="b",
        snapshot_sha256="s",
        overall=overall,
        approves=approves,
        reviewed=("all",),
        at=NOW,
    )


def only(store: Store, settings: Settings = Settings()) -> Judged:  # noqa: B008 - settings are frozen
    (judged, *_) = verify(store, settings)
    return judged


def both(judged: Judged) -> tuple[str, str]:
    return judged.then, judged.today


def test_a_report_that_was_taken_and_is_valid_is_the_same(store: Store) -> None:
    session(store, Role.WORKER, REPORT)
    assert only(store).same


@pytest.mark.parametrize("role", [Role.WORKER, Role.PO])
def test_a_report_that_was_taken_and_is_malformed_today_differs(store: Store, role: Role) -> None:
    session(store, role, {"status": "done"})
    assert both(only(store)) == ("accepted", "malformed")


def test_a_report_that_was_refused_and_is_valid_today_differs(store: Store) -> None:
    session(store, Role.WORKER, REPORT, failure_kind=FailureKind.NO_REPORT, charged=True)
    assert both(only(store)) == ("malformed", "accepted")


def test_a_verdict_is_weighed_by_todays_settings(store: Store) -> None:
    review(store, session(store, Role.CRITIC, APPROVAL), Overall.APPROVE, approves=True)
    assert only(store).same
    stricter = replace(Settings(), critic=Critic(block_on=Severity.SEV3))
    assert both(only(store, stricter)) == ("approve, may merge", "approve, may not merge")


def test_a_finding_that_stood_is_as_grave_today_as_it_was_then(store: Store) -> None:
    row = session(store, Role.CRITIC, APPROVAL)
    earlier = review(store, row, Overall.REQUEST_CHANGES, approves=False)
    store.reviews.update(earlier.id, head_sha="before")
    store.findings.insert(
        job=row.job,
        review=earlier.id,
        severity=Severity.SEV1,
        category="style",
        file=None,
        line=None,
        message="a nit",
    )
    review(store, row, Overall.APPROVE, approves=False)
    assert only(store).same


def test_an_approval_that_named_nothing_was_asked_again_and_would_be_today(store: Store) -> None:
    session(store, Role.CRITIC, {"overall": "approve", "findings": [], "reviewed": []})
    assert both(only(store)) == ("asked again", "asked again")


def test_a_failure_that_was_charged_and_would_be_free_today_differs(store: Store) -> None:
    job = stored_job(store)
    stored_attempt(store, job, ended_at=NOW, outcome="failed", failure_kind=FailureKind.LIMIT, charged=True)
    stored_attempt(store, job, number=2, ended_at=NOW, outcome="failed", failure_kind=FailureKind.STALLED, charged=True)
    stored_attempt(store, job, number=3, ended_at=NOW, outcome="failed", failure_kind=FailureKind.LOST, charged=True)
    assert [both(judged) for judged in verify(store, Settings())] == [
        ("charged", "not charged"),
        ("charged", "charged"),
        ("charged", "charged"),
    ]


def test_one_issue_can_be_asked_for(store: Store) -> None:
    session(store, Role.WORKER, REPORT)
    assert len(verify(store, Settings(), issue=42)) == 1
    assert verify(store, Settings(), issue=43) == []


def test_what_ended_without_a_report_is_not_judged(store: Store) -> None:
    row = session(store, Role.WORKER, REPORT)
    store.sessions.update(row.id, outcome=SessionOutcome.LOST)
    assert verify(store, Settings()) == []
