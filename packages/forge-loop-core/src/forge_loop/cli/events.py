"""`forge-loop events`: everything that happened, as the lines of `events.jsonl`, from the database.

Owns: choosing them and following. Must not: change a line.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import Project, find_project, reading
from forge_loop.domain.recorded import Recorded
from forge_loop.status.history import Wanted
from forge_loop.store import Store

LOOK_SECONDS = 0.25
LAST = 10


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on until interrupted.")
@click.option("-n", "number", type=click.IntRange(min=0), metavar="N", help="Only the last N; with -f 10, else all.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="job.merged, or job for every kind of it.")
@click.option("--issue", type=issue_number, help="Only those of one issue.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, follow: bool, number: int | None, kinds: tuple[str, ...], issue: int | None) -> None:
    """Every event, oldest first, a line of JSON each."""
    project = find_project(given)
    wanted = Wanted(kinds=kinds, issue=issue)
    count = LAST if follow and number is None else number
    seen = _print_past(given, project, wanted, count)
    while follow:
        time.sleep(LOOK_SECONDS)
        with reading(project) as store:
            for event in _after(store, seen):
                seen = event.seq
                if event in wanted:
                    given.output.line(event.line())


def _print_past(given: Invocation, project: Project, wanted: Wanted, count: int | None) -> int:
    """Print what there is; the newest `seq` that was looked at."""
    seen = 0
    kept: deque[str] = deque(maxlen=None if count is None else min(count, sys.maxsize))
    with reading(project) as store:
        for event in _after(store, 0):
            seen = event.seq
            if event not in wanted:
                continue
            if count is None:
                given.output.line(event.line())
            else:
                kept.append(event.line())
    for line in kept:
        given.output.line(line)
    return seen


def _after(store: Store | None, seq: int) -> Iterator[Recorded]:
    while store is not None and (found := store.events.after(seq)):
        yield from found
        seq = found[-1].seq
