"""`forge-loop replay`: past sessions, looked at, judged by today's rules, and run again.

Owns: the command's words. Must not: write the loop's state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from forge_loop import OperatorError
from forge_loop.extension import Invocation, Project, Role, Store, as_json, find_project, issue_number, shared
from forge_loop.status import open_store_read_only
from forge_loop_observability.replay import fork, past, verify
from forge_loop_observability.replay.measured import Measured, Spread, spreads

DIFFERENT = 1
INTERRUPTED = 130


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


@command.command("fork")
@click.argument("session")
@click.option("--brief", type=click.Path(path_type=Path), metavar="FILE", help="A template in the place of the role's.")
@click.option("--model", metavar="M", help="Another model.")
@click.option("--n", "runs", type=click.IntRange(1, 20), default=1, show_default=True, help="How often.")
@as_json
@shared
@click.pass_obj
def fork_(given: Invocation, session: str, brief: Path | None, model: str | None, runs: int) -> int:
    """Run SESSION's work again on its old base, in a throw-away place, and compare.

    A worker's attempt starts over, and its checks and critic follow; a critic reviews the same commit again. Nothing is
    pushed and no tracker is touched; the sessions are real and count against your limits.
    """
    project = find_project(given)
    wanted = fork.Wanted(brief=_text(brief), model=model, runs=runs)
    with _reading(project) as found:
        store = _needed(found)
        chosen = past.find(store, session)
        made = fork.fork(
            chosen, store, project, wanted, environ=given.environ, now=datetime.now(UTC), say=given.output.say
        )
    if given.json:
        given.output.document(made.shape())
    else:
        _compare(given, made)
    return INTERRUPTED if made.interrupted else 0


def _text(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="--brief FILE") from None
    except UnicodeDecodeError:
        raise OperatorError(
            f"{path} is not UTF-8", hint="--brief takes a template as `forge-loop brief show` prints it"
        ) from None


def _compare(given: Invocation, made: fork.Forked) -> None:
    headings = ("", "outcome", "verdict", "findings", "red checks", "rounds", "seconds", "tokens out", "lines", "files")
    measured = {"then": made.original, **{f"run {n}": run for n, run in enumerate(made.runs, start=1)}}
    given.output.table(headings, [_row(name, run) for name, run in measured.items()])
    if len(made.runs) > 1:
        for name, value in spreads(made.runs, made.role).items():
            given.output.data(f"{name:16} {_spread(value)}")
    given.output.say(f"kept in {made.place}")


def _row(name: str, run: Measured) -> tuple[object, ...]:
    findings = " ".join(f"{count}x{severity}" for severity, count in sorted(run.findings.items())) or "-"
    red = ", ".join(check for check, passed in run.checks.items() if not passed) or "-"
    lines = "-" if run.added is None else f"+{run.added} -{run.removed}"
    files = "-" if run.files is None else " ".join(run.files)
    figures = (run.rounds, f"{run.seconds:.0f}", run.tokens_out, lines, files)
    return (name, run.outcome, run.verdict or "-", findings, red, *figures)


def _spread(value: object) -> str:
    if isinstance(value, Spread):
        return f"{value.least:g} .. {value.middle:g} .. {value.most:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{count}x {name}" for name, count in value.items()) or "-"
    return "-"


@contextmanager
def _reading(project: Project) -> Iterator[Store | None]:
    with open_store_read_only(project.layout.root) as opened:
        yield None if opened is None else opened[0]


def _needed(store: Store | None) -> Store:
    if store is None:
        raise OperatorError("no loop has been here yet", hint="forge-loop run")
    return store
