"""`forge-loop repos run`: the fleet in the foreground.

Owns: the banner, signals, exit codes, and opening each repository's loop as `forge-loop run` does. Must not: tick.
"""

from __future__ import annotations

import asyncio
import resource
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from forge_loop import ConfigError, EventSink, Recorded, __version__
from forge_loop.extension import (
    QUIET,
    Invocation,
    LoopLock,
    Reloading,
    Slots,
    Stopping,
    Timing,
    Wired,
    as_json,
    build,
    file_identity,
    readable,
    shared,
)
from forge_loop_multirepo.commands.places import file_of, fleet_of, invocation_of, project_of, state_of
from forge_loop_multirepo.fleet_file import Fleet, Repository, load
from forge_loop_multirepo.records import Records
from forge_loop_multirepo.runner_async import AsyncRunner

FAILED, INTERRUPTED = 1, 130


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do without a person or time.")
@as_json
@shared
@click.pass_obj
def run(given: Invocation, until_idle: bool) -> int:
    """Work on every enabled repository in the foreground. Exits 1 if one of them could not be worked on."""
    fleet, state = fleet_of(given), state_of(given)
    _raise_limit_of_open_files()
    records = Records(state)
    try:
        with LoopLock(state / "fleet.lock"):
            _banner(given, fleet, state)
            return asyncio.run(_run(given, fleet, records, until_idle))
    finally:
        records.close()


async def _run(given: Invocation, fleet: Fleet, records: Records, until_idle: bool) -> int:
    runner = AsyncRunner(
        fleet,
        records,
        open_loop=lambda entry, slots: open_loop(given, entry, slots),
        reload=reloading(file_of(given)),
        tell=lambda name, error: _warn(given, name, error),
    )
    with Stopping(runner.stop) as stopping:
        served = await runner.run(until_idle=until_idle)
    if stopping.interrupted:
        return INTERRUPTED
    return 0 if served else FAILED


def open_loop(given: Invocation, entry: Repository, slots: Slots) -> Wired:
    """The loop of one repository, wired as `forge-loop run` wires it there, on slots of the fleet's."""
    own, project = invocation_of(given, entry), project_of(given, entry)
    return build(
        project=project.directory,
        settings=project.settings,
        layout=project.layout,
        environ=given.environ,
        on_fault=lambda where, error: _warn(given, f"{entry.name}: {where}", error),
        sinks=[_Lines(given, entry.name)],
        reload=Reloading(own, project, {}),
        timing=Timing(patience=0.0),
        slots=slots,
    )


def reloading(file: Path) -> Callable[[], Fleet | None]:
    """The fleet again whenever its file has changed; ConfigError once for each bad edit."""
    seen = file_identity(file)

    def reload() -> Fleet | None:
        nonlocal seen
        found = file_identity(file)
        if found == seen:
            return None
        seen = found
        return load(file)

    return reload


class _Lines(EventSink):
    """A repository's events as they happen, a line each."""

    def __init__(self, given: Invocation, name: str) -> None:
        self._given = given
        self._name = name

    def emit(self, event: Recorded) -> None:
        if self._given.json:
            self._given.output.line(event.line())
        elif self._given.verbose or event.kind not in QUIET:
            self._given.output.data(f"{self._name:<16} {readable(event)}")


def _banner(given: Invocation, fleet: Fleet, state: Path) -> None:
    say, enabled = given.output.say, [each.name for each in fleet.repositories if each.enabled]
    say(f"forge-loop {__version__}: a fleet of {len(enabled)}: {', '.join(enabled)}")
    say(f"file     {file_of(given)}")
    say(f"state    {state}")
    say(f"slots    {fleet.slots}")


def _warn(given: Invocation, name: str, error: Exception) -> None:
    where = name or "repos.yaml"
    keeps = "; the last good fleet goes on" if isinstance(error, ConfigError) and not name else ""
    given.output.say(f"warning: {where}: {error}{keeps}", fg="yellow")
    if given.verbose:
        given.output.say("".join(traceback.format_exception(error)).rstrip())


def _raise_limit_of_open_files() -> None:
    """Each loop keeps about a dozen files open; the usual soft limit of 1,024 ends at 80 repositories."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
