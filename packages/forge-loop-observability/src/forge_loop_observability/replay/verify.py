"""What today's rules make of what past sessions answered.

Owns: comparing what the loop decided then with what its validators and decision functions say now. Must not: run
anything, or decide by rules of its own: every judgement here is a function that the loop calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from forge_loop import Settings
from forge_loop.extension import (
    Attempt,
    FailureKind,
    FindingRow,
    MalformedReport,
    Policy,
    ReviewRow,
    Role,
    SessionOutcome,
    SessionRow,
    Store,
    carry_over,
    is_suspicious,
    parse_expansion,
    parse_verdict,
    parse_worker_report,
    policy,
)
from forge_loop_observability.replay.past import PastSession, sessions

MALFORMED = "malformed"
ACCEPTED = "accepted"
DOUBTED = "asked again"
CHARGED = "charged"
FREE = "not charged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One decision then and now. `subject` is a session or an attempt; `number` is its row's."""

    subject: str
    number: int
    issue: int | None
    role: str | None
    then: str
    today: str
    why: str = ""

    @property
    def same(self) -> bool:
        return self.then == self.today


def verify(store: Store, settings: Settings, *, issue: int | None = None) -> list[Judged]:
    """Every decision that can be taken again from what is recorded, oldest first, sessions before attempts."""
    return [*_of_sessions(store, settings, issue), *_of_attempts(store, issue)]


def _of_sessions(store: Store, settings: Settings, issue: int | None) -> Iterator[Judged]:
    for past in sessions(store, issue=issue):
        row = past.row
        if row.outcome is not SessionOutcome.DONE or row.attempt is None:
            continue
        report = json.loads(row.report) if row.report is not None else None
        if row.role is Role.WORKER:
            valid = parse_worker_report(report) is not None
            yield _judged(past, _taken(store, row), ACCEPTED if valid else MALFORMED)
        elif row.role is Role.PO:
            yield _judged(past, _taken(store, row), ACCEPTED if parse_expansion(report) is not None else MALFORMED)
        elif row.role is Role.CRITIC:
            yield _of_verdict(store, settings, past, report)


def _taken(store: Store, row: SessionRow) -> str:
    """Whether the loop took a report then: one that it refused is the last word of an attempt that failed for it."""
    attempt = store.attempts.get(row.attempt or 0)
    last = store.sessions.last("attempt = ?", attempt.id)
    refused = attempt.failure_kind is FailureKind.NO_REPORT and last is not None and last.id == row.id
    return MALFORMED if refused else ACCEPTED


def _of_verdict(store: Store, settings: Settings, past: PastSession, report: object) -> Judged:
    row = past.row
    review = store.reviews.last("session = ? AND head_sha = ?", row.session, row.head_sha)
    if review is None:
        then = _taken(store, row)
        then = DOUBTED if then == ACCEPTED else then
    else:
        then = _words(str(review.overall), review.approves)
    try:
        verdict = parse_verdict(report)
    except MalformedReport as problem:
        return _judged(past, then, MALFORMED, str(problem))
    # The size of the change as the job's row has it, which is that of its last candidate.
    lines = store.jobs.get(row.job or 0).lines_changed
    if review is None and is_suspicious(verdict, lines):
        return _judged(past, then, DOUBTED)
    held = carry_over(_standing(store, review), verdict) if review is not None else verdict
    block_on = settings.critic.block_on
    why = f"{len(held.blocking(block_on))} of {len(held.findings)} findings block at {block_on}"
    return _judged(past, then, _words(str(held.overall), held.approves(block_on)), why)


def _standing(store: Store, review: ReviewRow) -> list[FindingRow]:
    """The findings that stood open when this review was taken."""
    where = "job = ? AND review < ? AND (closed_at IS NULL OR closed_at >= ?)"
    return store.findings.select(where, review.job, review.id, review.at)


def _words(overall: str, approves: bool) -> str:
    return f"{overall}, {'may merge' if approves else 'may not merge'}"


def _of_attempts(store: Store, issue: int | None) -> Iterator[Judged]:
    where, values = "ended_at IS NOT NULL AND failure_kind IS NOT NULL", list[object]()
    if issue is not None:
        where, values = f"{where} AND issue = ?", [issue]
    for row in store.attempts.select(where, *values):
        yield _of_attempt(row)


def _of_attempt(row: Attempt) -> Judged:
    assert row.failure_kind is not None
    # A session that is lost again and again is charged in the end, which its row alone does not tell.
    free = policy(row.failure_kind) is not Policy.CHARGE and row.failure_kind is not FailureKind.LOST
    return Judged(
        subject="attempt",
        number=row.id,
        issue=row.issue,
        role=None,
        then=CHARGED if row.charged else FREE,
        today=FREE if free else CHARGED,
        why=str(row.failure_kind),
    )


def _judged(past: PastSession, then: str, today: str, why: str = "") -> Judged:
    return Judged(
        subject="session",
        number=past.row.id,
        issue=past.issue,
        role=str(past.row.role),
        then=then,
        today=today,
        why=why,
    )
