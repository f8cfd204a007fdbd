"""`forge-loop attempts [ISSUE]`: the ledger.

Owns: its columns. Must not: count or judge.
"""

from __future__ import annotations

import click

from forge_loop.cli.ages import moment, span
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, now, reading
from forge_loop.status.ledger import Entry, entries, entry_shape


@click.command()
@click.argument("issue", type=issue_number, required=False)
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int | None) -> None:
    """Every attempt, of ISSUE or of all: how it ended, what it took, where work that was not committed is saved."""
    project = find_project(given)
    with reading(project) as store:
        found = [] if store is None else entries(store, project.layout, issue=issue)
    if given.json:
        given.output.document({"attempts": [entry_shape(entry) for entry in found]})
        return
    if not found:
        given.output.say("no attempts yet")
        return
    given.output.table(
        ("issue", "attempt", "started", "took", "sessions", "rounds", "calls", "tokens", "model", "outcome", "note"),
        [_row(entry) for entry in found],
    )


def _row(entry: Entry) -> tuple[object, ...]:
    row = entry.attempt
    took = span(((row.ended_at or now()) - row.started_at).total_seconds())
    note = f"{row.note} [uncommitted work: {entry.salvaged}]" if entry.salvaged else row.note
    outcome = row.outcome or "under way"
    free = "" if row.charged or row.ended_at is None or row.failure_kind is None else " (not charged)"
    numbers = (moment(row.started_at), took, len(entry.sessions), row.rounds, entry.tool_calls, entry.tokens)
    return (f"#{row.issue}", row.number, *numbers, ", ".join(entry.models), outcome + free, note)
