"""`forge-loop replay`: past sessions, looked at, judged by today's rules, and run again.

Owns: the command's words. Must not: write the loop's state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from forge_loop import OperatorError
from forge_loop.extension import Invocation, Project, Role, Store, as_json, find_project, issue_number, shared
from forge_loop.status import open_store_read_only
from forge_loop_observability.replay import past, verify

DIFFERENT = 1


@click.group()
@shared
def command() -> None:
    """Past sessions: look at them, judge them by today's rules, run one again."""


@command.command("list")
@click.option("--issue", type=issue_number, metavar="N", help="Only those of this issue.")
@click.option("--role", type=click.Choice([str(role) for role in Role]), help="Only those of this role.")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation, issue: int | None, role: str | None) -> None:
    """Every session, oldest first."""
    with _reading(find_project(given)) as store:
        found = past.sessions(store, issue=issue, role=role) if store is not None else []
        shapes = [past.shape(each) for each in found]
    if given.json:
        given.output.document({"sessions": shapes})
        return
    if not shapes:
        given.output.say("no sessions yet")
        return
    names = ("number", "session", "issue", "attempt", "role", "purpose", "round", "model", "outcome", "started")
    rows = [[each[name] for name in names] + ["yes" if each["recorded"] else "no"] for each in shapes]
    given.output.table((*names, "recorded"), rows)


@command.command()
@click.argument("session")
@as_json
@shared
@click.pass_obj
def show(given: Invocation, session: str) -> None:
    """What was recorded of SESSION: a number of `replay list`, or the beginning of an id."""
    with _reading(find_project(given)) as store:
        found = past.find(_needed(store), session)
        shape, order, report = past.shape(found), found.order, found.row.report
    if given.json:
        recorded = asdict(order) if order is not None else None
        given.output.document({**shape, "order": recorded, "report": report, "detail": found.row.detail})
        return
    for name, value in shape.items():
        given.output.data(f"{name:13} {'-' if value is None else value}")
    if order is None:
        given.output.say("what it was told is no longer there: it goes with the transcript (`retention`)")
        return
    for name in ("resume", "effort", "max_turns", "timeout", "writes", "base_sha", "head_sha", "block_on"):
        given.output.data(f"{name:13} {getattr(order, name)}")
    given.output.data(f"{'checks':13} {'; '.join(order.checks) or '-'}")
    given.output.data(f"\n{order.prompt}")
    if report is not None:
        given.output.data(f"\nreport:\n{report}")


@command.command("verify")
@click.option("--issue", type=issue_number, metavar="N", help="Only what belongs to this issue.")
@as_json
@shared
@click.pass_obj
def verify_(given: Invocation, issue: int | None) -> int:
    """Judge past reports, verdicts and failures by today's rules. Exits 1 where they would be decided otherwise."""
    project = find_project(given)
    with _reading(project) as store:
        judged = verify.verify(store, project.settings, issue=issue) if store is not None else []
    different = [each for each in judged if not each.same]
    if given.json:
        shapes = [{**asdict(each), "same": each.same} for each in judged]
        given.output.document({"ok": not different, "judged": shapes, "differences": len(different)})
    else:
        rows = [
            (f"{each.subject} {each.number}", each.issue, each.role, each.then, each.today, each.why)
            for each in different
        ]
        if rows:
            given.output.table(("what", "issue", "role", "then", "today", "why"), rows)
        given.output.say(f"{len(judged)} decisions taken again, {len(different)} of them otherwise")
    return DIFFERENT if different else 0


@contextmanager
def _reading(project: Project) -> Iterator[Store | None]:
    with open_store_read_only(project.layout.root) as opened:
        yield None if opened is None else opened[0]


def _needed(store: Store | None) -> Store:
    if store is None:
        raise OperatorError("no loop has been here yet", hint="forge-loop run")
    return store
