"""What the store remembers of an issue, and what it counts against the caps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from forge_loop.domain.approval import Caps, IntakeFacts
from forge_loop.domain.job import JobState
from forge_loop.store import RequestRow, RequestState, Store
from forge_loop.store.memory import Remembered, cap_reasons_of, hidden_accepted, intake_facts
from support import samples
from support.samples import NOW
from support.stored import stored_approval, stored_job

ISSUE = samples.issue()
Ask = Callable[..., IntakeFacts]


def test_without_a_store_nothing_is_remembered() -> None:
    facts = intake_facts(None, ISSUE, samples.label(), {5: True})
    assert (facts.issue, facts.label, facts.blockers) == (ISSUE, samples.label(), {5: True})
    assert (facts.approval, facts.job, facts.hidden_accepted) == (None, None, frozenset())


@pytest.fixture(params=[intake_facts, lambda store, *asked: Remembered(store).facts(*asked)], ids=["one", "many"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """One issue's facts, or those of many read at once: the same answers."""
    found: Ask = request.param
    return found


def test_an_issue_never_seen_has_no_approval_and_no_job(store: Store, ask: Ask) -> None:
    facts = ask(store, ISSUE, None, {})
    assert (facts.label, facts.approval, facts.job) == (None, None, None)


def test_the_newest_approval_that_stands_is_remembered_with_its_newest_job(store: Store, ask: Ask) -> None:
    stored_approval(store, ISSUE)
    job = stored_job(store, ISSUE, state=JobState.GIVEN_UP)
    newer = store.jobs.create(ISSUE, store.approvals.get(job.approval), at=NOW)
    facts = ask(store, ISSUE, None, {})
    assert facts.approval == store.approvals.get(job.approval)
    assert facts.job == newer


def test_an_approval_that_was_released_is_forgotten_with_its_job(store: Store, ask: Ask) -> None:
    job = stored_job(store, ISSUE)
    store.approvals.update(job.approval, released_at=NOW)
    facts = ask(store, ISSUE, None, {})
    assert (facts.approval, facts.job) == (None, None)


def test_a_new_approval_has_no_job_yet(store: Store, ask: Ask) -> None:
    old = stored_job(store, ISSUE)
    store.approvals.update(old.approval, released_at=NOW)
    new = stored_approval(store, ISSUE)
    facts = ask(store, ISSUE, None, {})
    assert (facts.approval, facts.job) == (new, None)


def test_another_issue_under_the_same_number_is_another_issue(store: Store, ask: Ask) -> None:
    stored_job(store, ISSUE)
    facts = ask(store, samples.issue(key="another"), None, {})
    assert (facts.approval, facts.job) == (None, None)


def approve_request(store: Store, **changes: Any) -> RequestRow:
    values: dict[str, Any] = {
        "kind": "approve",
        "issue": ISSUE.number,
        "detail": {"sha256": ISSUE.sha256, "accept_hidden": True},
        "requested_at": NOW,
        "state": RequestState.APPLIED,
    }
    return store.requests.insert(**{**values, **changes})


def test_hidden_text_is_accepted_by_an_applied_request_for_that_very_text(store: Store, ask: Ask) -> None:
    approve_request(store)
    approve_request(store, detail={"sha256": "another", "accept_hidden": True})
    assert hidden_accepted(store, ISSUE) == {ISSUE.sha256, "another"}
    assert ask(store, ISSUE, None, {}).hidden_accepted == {ISSUE.sha256, "another"}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": RequestState.REQUESTED},
        {"state": RequestState.REFUSED},
        {"kind": "retry"},
        {"issue": 7},
        {"detail": {"sha256": ISSUE.sha256, "accept_hidden": False}},
        {"detail": {"sha256": ISSUE.sha256}},
    ],
)
def test_any_other_request_accepts_no_hidden_text(changes: dict[str, Any], store: Store) -> None:
    approve_request(store, **changes)
    assert hidden_accepted(store, ISSUE) == frozenset()


CAPS = Caps(max_open_pull_requests=2, max_jobs_per_hour=3)


def capped(store: Store, now: datetime = NOW) -> list[str]:
    return [reason.code for reason in cap_reasons_of(store, CAPS, now)]


def test_pull_requests_of_live_jobs_count_against_their_cap(store: Store) -> None:
    old = NOW - timedelta(days=1)
    stored_job(store, at=old, state=JobState.REVIEWING, pull_request=1)
    stored_job(store, at=old, state=JobState.MERGED, pull_request=2)
    stored_job(store, at=old, state=JobState.WORKING)
    assert capped(store) == []
    stored_job(store, at=old, state=JobState.PARKED, pull_request=3)
    assert capped(store) == ["open_pull_requests"]


def test_every_job_of_the_last_hour_counts_however_it_ended(store: Store) -> None:
    for minutes, state in ((59, JobState.MERGED), (30, JobState.CANCELLED), (60, JobState.WORKING)):
        stored_job(store, at=NOW - timedelta(minutes=minutes), state=state)
    assert capped(store) == []
    stored_job(store, at=NOW)
    assert capped(store) == ["jobs_per_hour"]
    assert capped(store, NOW + timedelta(minutes=1)) == []


def test_what_is_remembered_of_many_forgets_an_approval_that_is_released_meanwhile(store: Store) -> None:
    approval = stored_approval(store, ISSUE)
    remembered = Remembered(store)
    assert remembered.approvals(ISSUE) == (approval,)
    remembered.forget(approval)
    assert remembered.facts(ISSUE, None, {}).approval is None
