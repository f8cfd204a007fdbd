"""`forge-loop queue`: the queue's entries, the dead ones, and giving one another chance.

Owns: their lines. Must not: change an entry in any other way.
"""

from __future__ import annotations

import click

from forge_loop.cli.ages import moment
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import ROW, as_json, shared
from forge_loop.cli.project import Project, find_project, reading, writing
from forge_loop.database import open_read_only
from forge_loop.domain.recorded import rfc3339
from forge_loop.errors import NoSuchDeadJobError
from forge_loop.queue import JobPlace, QueuedJob, read_jobs


@click.group()
@shared
def command() -> None:
    """Look at the queue."""


@command.command("list")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation) -> None:
    """Every entry, in the order in which it was pushed."""
    _print(given, _entries(find_project(given)))


@command.command()
@as_json
@shared
@click.pass_obj
def dead(given: Invocation) -> None:
    """Every entry that was delivered too often. The loop's own are never: it gives up by its own rules."""
    _print(given, [entry for entry in _entries(find_project(given)) if entry.state is JobPlace.DEAD])


@command.command()
@click.argument("entry", type=ROW)
@as_json
@shared
@click.pass_obj
def requeue(given: Invocation, entry: int) -> None:
    """Put the dead ENTRY back as one that is ready."""
    from forge_loop.queue import SQLiteQueue  # only here: the other two look

    project = find_project(given)
    if not project.layout.database.exists():
        raise NoSuchDeadJobError(f"there is no dead job {entry}", hint="forge-loop queue dead")
    with writing(project) as (_, database):
        SQLiteQueue(database, max_deliveries=None).requeue(entry)
    if given.json:
        given.output.document({"entry": entry, "state": "ready"})
    else:
        given.output.data(f"entry {entry} is ready")


def _entries(project: Project) -> list[QueuedJob]:
    with reading(project) as store:
        if store is None:
            return []
    database = open_read_only(project.layout.database)
    try:
        return read_jobs(database)
    finally:
        database.close()


def _print(given: Invocation, entries: list[QueuedJob]) -> None:
    if given.json:
        given.output.document({"entries": [_shape(entry) for entry in entries]})
        return
    if not entries:
        given.output.say("nothing")
        return
    rows = [
        (
            entry.job_id,
            entry.state,
            entry.key,
            entry.priority,
            entry.deliveries,
            moment(entry.due) if entry.due is not None else "-",
        )
        for entry in entries
    ]
    given.output.table(("entry", "state", "key", "priority", "deliveries", "due"), rows)


def _shape(entry: QueuedJob) -> dict[str, object]:
    return {
        "entry": entry.job_id,
        "state": str(entry.state),
        "key": entry.key,
        "priority": entry.priority,
        "deliveries": entry.deliveries,
        "due": rfc3339(entry.due) if entry.due is not None else None,
        "payload": dict(entry.payload),
    }
