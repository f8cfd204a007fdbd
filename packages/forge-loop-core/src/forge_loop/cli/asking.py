"""An operator's request: one row, and its answer.

Owns: writing the row, waking the loop, waiting a bounded time, telling what came of it. Must not: apply anything; the
runner is the one writer of scheduling state.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.project import Project, now, writing
from forge_loop.domain.recorded import rfc3339
from forge_loop.status import is_running
from forge_loop.store import RequestRow, RequestState, Store

if TYPE_CHECKING:
    from forge_loop.database import Database

PATIENCE = 5.0
LOOK_SECONDS = 0.05
HERE = "the command line"


def ask(
    given: Invocation, project: Project, kind: str, *, issue: int | None = None, detail: Mapping[str, Any] | None = None
) -> int:
    """Write a request, wait for its answer if a loop runs, tell it, and return the exit code."""
    with writing(project) as (store, database):
        row = put_request(store, database, kind, issue=issue, detail=detail, by=HERE)
        running = is_running(store.loop())
        if running:
            row = _answered(store, row)
    return _tell(given, row, running)


def put_request(
    store: Store,
    database: Database,
    kind: str,
    *,
    issue: int | None = None,
    detail: Mapping[str, Any] | None = None,
    by: str,
) -> RequestRow:
    """Write a request as it came through the hand of `by`, and wake the loop. It is answered later."""
    row = store.requests.insert(
        kind=kind,
        issue=issue,
        detail=dict(detail or {}),
        requested_at=now(),
        state=RequestState.REQUESTED,
        requested_by=by,
    )
    database.wake()
    return row


def _answered(store: Store, row: RequestRow) -> RequestRow:
    """Looks at the row: waiting on the database's own wake-up would take it from the loop."""
    deadline = time.monotonic() + PATIENCE
    while row.state is RequestState.REQUESTED and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        row = store.requests.get(row.id)
    return row


def _tell(given: Invocation, row: RequestRow, running: bool) -> int:
    if given.json:
        given.output.document(_shape(row, running))
    elif row.answer is not None and row.state is RequestState.APPLIED:
        given.output.data(row.answer)
    elif row.answer is not None:
        look = f"forge-loop explain {row.issue}" if row.issue is not None else "forge-loop status"
        given.output.error(row.answer, look)
    elif running:
        given.output.data(f"asked; the loop has not answered within {PATIENCE:g} s and will when its tick is over")
    else:
        given.output.data("no loop is running: it will apply at the next start")
    return 1 if row.state is RequestState.REFUSED else 0


def _shape(row: RequestRow, running: bool) -> dict[str, object]:
    return {
        "request": row.id,
        "kind": row.kind,
        "issue": row.issue,
        "state": str(row.state),
        "answer": row.answer,
        "requested_at": rfc3339(row.requested_at),
        "loop_running": running,
    }
