"""What operators asked for, and how far each request has come.

Owns: that answer. Must not: apply a request, or hold what it changes: it looks at what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forge_loop.domain.proposals import ProposalState
from forge_loop.status.opening import is_running
from forge_loop.store import RequestRow, RequestState, Store


class Progress(StrEnum):
    """REQUESTED: the loop has not looked at it. ACCEPTED: it does it. DONE, REFUSED: nothing more comes of it."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`id` counts up. `answer` is the loop's acknowledgement, or why it was refused."""

    id: int
    kind: str
    issue: int | None
    detail: dict[str, object]
    by: str
    at: datetime
    progress: Progress
    answer: str | None
    answered_at: datetime | None


def asked(store: Store, *, issue: int | None = None, before: int | None = None, limit: int = 50) -> list[Asked]:
    """The newest requests, newest first."""
    where, values = ["1"], list[object]()
    if issue is not None:
        where.append("issue = ?")
        values.append(issue)
    if before is not None:
        where.append("id < ?")
        values.append(before)
    rows = store.requests.select(" AND ".join(where), *values, order="id DESC", limit=limit)
    return [_asked(store, row) for row in rows]


def one_asked(store: Store, number: int) -> Asked | None:
    rows = store.requests.select("id = ?", number)
    return _asked(store, rows[0]) if rows else None


def _asked(store: Store, row: RequestRow) -> Asked:
    return Asked(
        id=row.id,
        kind=row.kind,
        issue=row.issue,
        detail=row.detail,
        by=row.requested_by,
        at=row.requested_at,
        progress=_progress(store, row),
        answer=row.answer,
        answered_at=row.answered_at,
    )


def _progress(store: Store, row: RequestRow) -> Progress:
    if row.state is RequestState.REQUESTED:
        return Progress.REQUESTED
    if row.state is RequestState.REFUSED:
        return Progress.REFUSED
    return Progress.ACCEPTED if _under_way(store, row) else Progress.DONE


def _under_way(store: Store, row: RequestRow) -> bool:
    """Whether what an applied request set off is still to end."""
    if row.kind == "stop":
        loop = store.loop()
        return is_running(loop) and loop.since is not None and loop.since < row.requested_at
    if row.kind == "kill":
        job = store.jobs.newest_by_number(row.issue or 0)
        where = "job = ? AND ended_at IS NULL AND started_at < ?"
        return job is not None and bool(store.sessions.select(where, job.id, row.requested_at, limit=1))
    if row.kind == "maintenance.apply":
        wanted = row.detail.get("proposals", [])
        return any(store.proposals.select("id = ? AND state = ?", number, ProposalState.ACCEPTED) for number in wanted)
    return False
