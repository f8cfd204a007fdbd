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
    SessionOutcome.STOPPED: FailureKind.STALLED,
    SessionOutcome.LOST: FailureKind.LOST,
    SessionOutcome.LIMIT: FailureKind.LIMIT,
    SessionOutcome.TRANSIENT: FailureKind.TRANSIENT,
    SessionOutcome.AUTH: FailureKind.AUTH,
    SessionOutcome.CONFIGURATION: FailureKind.CONFIGURATION,
    SessionOutcome.FAILED: FailureKind.WORKER_FAILED,
}

CUT_OFF = frozenset(
    {
        SessionOutcome.LOST,
        SessionOutcome.LIMIT,
        SessionOutcome.TRANSIENT,
        SessionOutcome.AUTH,
        SessionOutcome.CONFIGURATION,
    }
)


def acted_on(row: SessionRow, job: Job) -> bool:
    """A cut-off session parked its job already: the job has moved since, so the session is to be resumed now."""
    return row.outcome in CUT_OFF and row.ended_at is not None and job.updated_at >= row.ended_at


def fail_by(context: Context, job: Job, row: SessionRow) -> None:
    """Let the job take the consequence of a session that did not report."""
    assert row.outcome is not None
    detail = row.detail or f"the {row.role} session ended: {row.outcome}"
    ending.fail(context, job, FAILURES[row.outcome], detail, resets_at=row.resets_at)
