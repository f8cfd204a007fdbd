"""`forge-loop attempts [ISSUE]`: the ledger.

Owns: its columns. Must not: count or judge.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from forge_loop.cli.ages import moment, span
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import Project, find_project, now, reading
from forge_loop.domain.events import rfc3339
from forge_loop.domain.job import Attempt, SessionRow
from forge_loop.store import Store


@click.command()
@click.argument("issue", type=issue_number, required=False)
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int | None) -> None:
    """Every attempt, of ISSUE or of all: how it ended, what it took, where work that was not committed is saved."""
    project = find_project(given)
    with reading(project) as store:
        found = [] if store is None else _attempts(store, issue)
        sessions = [] if store is None else [_sessions(store, row) for row in found]
    if given.json:
        shapes = [_shape(row, rows, project) for row, rows in zip(found, sessions, strict=True)]
        given.output.document({"attempts": shapes})
        return
    if not found:
        given.output.say("no attempts yet")
        return
    given.output.table(
        ("issue", "attempt", "started", "took", "sessions", "rounds", "outcome", "note"),
        [_row(row, rows, project) for row, rows in zip(found, sessions, strict=True)],
    )


def _attempts(store: Store, issue: int | None) -> list[Attempt]:
    return store.attempts.select("issue = ?", issue) if issue is not None else store.attempts.select()


def _sessions(store: Store, row: Attempt) -> list[SessionRow]:
    return store.sessions.select("attempt = ?", row.id)


def _row(row: Attempt, sessions: list[SessionRow], project: Project) -> tuple[object, ...]:
    took = span(((row.ended_at or now()) - row.started_at).total_seconds())
    saved = _salvaged(row, project)
    note = f"{row.note} [uncommitted work: {saved}]" if saved else row.note
    outcome = row.outcome or "under way"
    free = "" if row.charged or row.ended_at is None or row.failure_kind is None else " (not charged)"
    numbers = (moment(row.started_at), took, len(sessions), row.rounds)
    return (f"#{row.issue}", row.number, *numbers, outcome + free, note)


def _shape(row: Attempt, sessions: list[SessionRow], project: Project) -> dict[str, object]:
    saved = _salvaged(row, project)
    return {
        **{name: _plain(value) for name, value in asdict(row).items()},
        "sessions": [
            {
                "session": each.session,
                "role": str(each.role),
                "round": each.round,
                "purpose": each.purpose,
                "model": each.model,
                "outcome": str(each.outcome) if each.outcome is not None else None,
                "turns": each.turns,
                "tool_calls": each.tool_calls,
                "tokens_in": each.tokens_in,
                "tokens_out": each.tokens_out,
            }
            for each in sessions
        ],
        "salvaged": str(saved) if saved is not None else None,
    }


def _plain(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else value


def _salvaged(row: Attempt, project: Project) -> Path | None:
    """The archive of what stood uncommitted in the attempt's workspace, if there was any."""
    path = project.layout.salvaged / f"{row.issue}-{row.job}-{row.id}.tar.gz"
    return path if path.exists() else None
