"""The ledger of attempts, with the sessions of each and what was saved of it.

Owns: putting them together and their contract shape. Must not: count or judge.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from forge_loop.config.layout import StateLayout
from forge_loop.domain.job import Attempt, SessionRow
from forge_loop.domain.recorded import rfc3339
from forge_loop.domain.session import Role
from forge_loop.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`workspace` is the worker's clone while it stands, `salvaged` the archive of what was uncommitted in it, if
    there was any. Tokens are information: a subscription is not paid by them.
    """

    attempt: Attempt
    approval: int
    sessions: tuple[SessionRow, ...]
    workspace: Path | None
    salvaged: Path | None

    @property
    def models(self) -> tuple[str, ...]:
        """The models of its sessions, in the order they came in."""
        return tuple(dict.fromkeys(session.model for session in self.sessions))

    @property
    def briefs(self) -> tuple[str, ...]:
        """The SHA-256 of the worker's briefs: more than one where it was edited between two sessions."""
        return tuple(dict.fromkeys(each.brief_sha256 for each in self.sessions if each.role is Role.WORKER))

    @property
    def tool_calls(self) -> int:
        return sum(session.tool_calls for session in self.sessions)

    @property
    def tokens(self) -> int:
        """Read and written, by all its sessions."""
        return sum(session.tokens_in + session.tokens_out for session in self.sessions)


def entries(
    store: Store, layout: StateLayout, *, issue: int | None = None, since: datetime | None = None, limit: int = -1
) -> list[Entry]:
    """The attempts, of one issue or of all, oldest first; with `limit` the newest so many of them.

    `since` leaves out those that were over by then.
    """
    where, values = ["1"], list[object]()
    if issue is not None:
        where.append("issue = ?")
        values.append(issue)
    if since is not None:
        where.append("(ended_at IS NULL OR ended_at > ?)")
        values.append(since)
    rows = store.attempts.select(" AND ".join(where), *values, order="id DESC", limit=limit)
    return [_entry(store, layout, row) for row in reversed(rows)]


def _entry(store: Store, layout: StateLayout, row: Attempt) -> Entry:
    saved = layout.salvaged / f"{row.issue}-{row.job}-{row.id}.tar.gz"
    work = layout.workspace(row.issue, row.job, "work")
    return Entry(
        attempt=row,
        approval=store.jobs.get(row.job).approval,
        workspace=work if row.ended_at is None and work.exists() else None,
        sessions=tuple(store.sessions.select("attempt = ?", row.id)),
        salvaged=saved if saved.exists() else None,
    )


def entry_shape(entry: Entry) -> dict[str, object]:
    """One entry of `attempts --json`."""
    return {
        **{name: _plain(value) for name, value in asdict(entry.attempt).items()},
        "approval": entry.approval,
        "models": list(entry.models),
        "briefs": list(entry.briefs),
        "tool_calls": entry.tool_calls,
        "tokens": entry.tokens,
        "workspace": str(entry.workspace) if entry.workspace is not None else None,
        "sessions": [
            {
                "session": each.session,
                "role": str(each.role),
                "round": each.round,
                "purpose": each.purpose,
                "model": each.model,
                "brief": each.brief_sha256,
                "outcome": str(each.outcome) if each.outcome is not None else None,
                "turns": each.turns,
                "tool_calls": each.tool_calls,
                "tokens_in": each.tokens_in,
                "tokens_out": each.tokens_out,
            }
            for each in entry.sessions
        ],
        "salvaged": str(entry.salvaged) if entry.salvaged is not None else None,
    }


def _plain(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else value
