"""What a session's end means before anyone reads its report: it reported, it was cut off, or it failed.

Owns: the one mapping from session outcomes to failure kinds, for every role. Must not: look at reports.
"""

from __future__ import annotations

from forge_loop.domain.job import FailureKind, Job, SessionRow
from forge_loop.domain.session import SessionOutcome
from forge_loop.runner import ending
from forge_loop.runner.context import Context

FAILURES = {
    SessionOutcome.NO_REPORT: FailureKind.NO_REPORT,
    SessionOutcome.MAX_TURNS: FailureKind.TIMED_OUT,
    SessionOutcome.TIMED_OUT: FailureKind.TIMED_OUT,
    SessionOutcome.STOPPED: FailureKind.STALLED,
    SessionOutcome.LOST: FailureKind.LOST,
    SessionOutcome.LIMIT: FailureKind.LIMIT,
    SessionOutcome.TRANSIENT: FailureKind.TRANSIENT,
    SessionOutcome.AUTH: FailureKind.AUTH,
    SessionOutcome.CONFIGURATION: FailureKind.CONFIGURATION,
    SessionOutcome.DENIED: FailureKind.PERMISSION_DENIED,
    SessionOutcome.FAILED: FailureKind.WORKER_FAILED,
}


def fail_by(context: Context, job: Job, row: SessionRow) -> None:
    """Let the job take the consequence of a session that did not report, once: when it is back, the session resumes."""
    assert row.outcome is not None
    detail = row.detail or f"the {row.role} session ended: {row.outcome}"
    if row.outcome is SessionOutcome.CONFIGURATION and row.model not in detail:
        detail += f" ({row.role}.model: {row.model})"
    with context.store.transaction():
        context.store.sessions.update(row.id, acted_on=True)
        ending.fail(context, job, FAILURES[row.outcome], detail, resets_at=row.resets_at)
