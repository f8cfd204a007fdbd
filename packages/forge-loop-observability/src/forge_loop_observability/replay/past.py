"""The sessions of a state directory, each with its issue and what was recorded of it.

Owns: finding them. Must not: judge them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forge_loop import OperatorError
from forge_loop.extension import RecordedOrder, SessionRow, Store, recorded_order, rfc3339


@dataclass(frozen=True, kw_only=True, slots=True)
class PastSession:
    """One row of the ledger of sessions. `issue` is None for a maintenance session."""

    row: SessionRow
    issue: int | None
    number: int | None

    @property
    def order(self) -> RecordedOrder | None:
        return recorded_order(self.row)

    @property
    def has_transcript(self) -> bool:
        return Path(self.row.transcript).exists()


def sessions(store: Store, *, issue: int | None = None, role: str | None = None) -> list[PastSession]:
    """Every session, oldest first."""
    where, values = ["1"], list[object]()
    if issue is not None:
        where.append("job IN (SELECT id FROM jobs WHERE issue = ?)")
        values.append(issue)
    if role is not None:
        where.append("role = ?")
        values.append(role)
    return [_past(store, row) for row in store.sessions.select(" AND ".join(where), *values)]


def find(store: Store, asked: str) -> PastSession:
    """The session that `asked` names: the number of its row, or the beginning of its id, of which the newest row
    counts. Raises OperatorError."""
    hint = "forge-loop replay list"
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        found = store.sessions.select("id = ?", int(asked))
        if found:
            return _past(store, found[0])
    rows = store.sessions.select("substr(session, 1, ?) = ?", len(asked), asked)
    names = {row.session for row in rows}
    if not asked or not names:
        raise OperatorError(f"there is no session {asked!r}", hint=hint)
    if len(names) > 1:
        raise OperatorError(f"{asked!r} is the beginning of {len(names)} sessions", hint=hint)
    return _past(store, rows[-1])


def shape(past: PastSession) -> dict[str, object]:
    """A session in `replay list --json`."""
    row = past.row
    return {
        "number": row.id,
        "session": row.session,
        "issue": past.issue,
        "attempt": past.number,
        "role": str(row.role),
        "purpose": row.purpose,
        "round": row.round,
        "model": row.model,
        "outcome": str(row.outcome) if row.outcome is not None else None,
        "started": rfc3339(row.started_at),
        "ended": rfc3339(row.ended_at) if row.ended_at is not None else None,
        "turns": row.turns,
        "tokens_in": row.tokens_in,
        "tokens_out": row.tokens_out,
        "brief_sha256": row.brief_sha256,
        "recorded": past.order is not None,
        "transcript": row.transcript if past.has_transcript else None,
    }


def _past(store: Store, row: SessionRow) -> PastSession:
    issue = store.jobs.get(row.job).issue if row.job is not None else None
    number = store.attempts.get(row.attempt).number if row.attempt is not None else None
    return PastSession(row=row, issue=issue, number=number)
