"""`forge-loop run` and `once`: the loop in the foreground.

Owns: the banner, signals, exit codes. Must not: decide when a job is done.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping

import click

from forge_loop import __version__
from forge_loop.bootstrap import Wired, build
from forge_loop.cli.dry_run import foresee
from forge_loop.cli.event_lines import EventLines
from forge_loop.cli.failure import INTERRUPTED
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.project import Project, Reloading, find_project
from forge_loop.cli.stopping import Stopping
from forge_loop.runner import Until

NOTHING_READY = 3
FAILED = 1


@click.command()
@click.option("--max-ticks", type=click.IntRange(min=1), metavar="N", help="End after N ticks.")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do without a person or time.")
@click.option("--parallel", type=click.IntRange(min=1), metavar="N", help="Jobs at the same time.")
@click.option("--dry-run", is_flag=True, help="Print what would be taken in, and do nothing.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, max_ticks: int | None, until_idle: bool, parallel: int | None, dry_run: bool) -> int:
    """Run the loop in the foreground. Ctrl-C ends it after the present tick; what was under way is resumed later."""
    flags = {"scheduling.parallel": parallel}
    project = find_project(given, flags)
    if dry_run:
        foresee(given, project)
        return 0
    return _run(given, project, flags, Until(ticks=max_ticks, idle=until_idle))


@click.command()
@click.option("--parallel", type=click.IntRange(min=1), metavar="N", help="Jobs at the same time.")
@as_json
@shared
@click.pass_obj
def once(given: Invocation, parallel: int | None) -> int:
    """Take in what is ready now and run until it rests. Exits 3 when nothing was ready."""
    flags = {"scheduling.parallel": parallel}
    return _run(given, find_project(given, flags), flags, Until(one_intake=True))


def _run(given: Invocation, project: Project, flags: Mapping[str, object], until: Until) -> int:
    lines = EventLines(given)
    wired = build(
        project=project.directory,
        settings=project.settings,
        layout=project.layout,
        environ=given.environ,
        on_fault=lambda where, error: _warn(given, where, error),
        sinks=[lines],
        reload=Reloading(given, project, flags),
    )
    try:
        lines.halted = wired.context.store.loop().halt_reason
        _banner(given, project, wired)
        with Stopping(wired.runner.stop) as stopping:
            wired.runner.run(until)
    finally:
        wired.close()
    if stopping.interrupted:
        return INTERRUPTED
    return _status(given, lines, until)


def _banner(given: Invocation, project: Project, wired: Wired) -> None:
    context, confined, say = wired.context, wired.confinement, given.output.say
    say(f"forge-loop {__version__}: {context.code_host.repository()}, base {context.base}")
    say(f"state    {context.layout.root}")
    say(f"slots    {context.settings.scheduling.parallel}")
    say(f"claude   {context.pays}")
    say(f"sandbox  {confined.sentence}", fg=None if confined.sandbox is not None else "yellow")
    halted = context.store.loop().halt_reason
    if halted is not None:
        say(f"halted   {halted}", fg="red")
        say("         nothing is dispatched before: forge-loop resume", fg="red")
    if not project.settings.checks:
        say("checks   none configured: what is approved is handed to you, not merged", fg="yellow")


def _warn(given: Invocation, where: str, error: Exception) -> None:
    given.output.say(f"warning: {where}: {error}", fg="yellow")
    if given.verbose:
        given.output.say("".join(traceback.format_exception(error)).rstrip())


def _status(given: Invocation, lines: EventLines, until: Until) -> int:
    """The exit code of a run that ended by itself. A loop that was told to stop did what it was told."""
    if lines.halted is not None:
        given.output.error(f"dispatch is halted: {lines.halted}", "forge-loop doctor, then: forge-loop resume")
        return FAILED
    if until.one_intake and not lines.claimed:
        given.output.say("nothing was ready")
        return NOTHING_READY
    bounded = until.one_intake or until.idle
    return FAILED if bounded and lines.given_up else 0
