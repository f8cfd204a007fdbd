"""`forge-loop status`: what the loop does now.

Owns: its lines for people. Must not: need a running loop.
"""

from __future__ import annotations

import time
from datetime import datetime

import click

from forge_loop import status
from forge_loop.cli.ages import ago, moment
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.project import Project, find_project, now

NO_LOOP = 3
WATCH_SECONDS = 1.0


@click.command()
@click.option("--watch", is_flag=True, help="Keep showing it until interrupted.")
@click.option("--short", is_flag=True, help="One line, for a status line.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, watch: bool, short: bool) -> int:
    """The loop, its slots and sessions, the queue, the jobs. Exits 3 when no loop is running."""
    project = find_project(given)
    if watch:
        return _watch(given, project)
    if short and not given.json:
        return _glance(given, project)
    found = status.read(project.layout.root, now=now())
    if given.json:
        given.output.document(status.status_shape(found))
    else:
        for line in lines(found, project, now()):
            given.output.data(line)
    return NO_LOOP if found.loop.state == "stopped" else 0


def short_line(found: status.Status) -> str:
    """The one line of `--short`."""
    waiting = found.queue.ready + found.queue.delayed
    return status.Glance(found.loop.state, found.slots, waiting, found.jobs).line()


def lines(found: status.Status, project: Project, at: datetime) -> list[str]:
    """The whole view, a line each."""
    return [*_loop(found, at), *_sessions(found, at), *_work(found), f"state    {project.layout.root}"]


def _loop(found: status.Status, at: datetime) -> list[str]:
    loop = found.loop
    said = f"loop     {loop.state}"
    if loop.pid is not None:
        said += f", pid {loop.pid}"
    if loop.since is not None:
        said += f", since {moment(loop.since)}"
    told = [said]
    if loop.reason:
        told.append(f"because  {loop.reason}")
    if loop.parked_until is not None:
        told.append(f"until    {moment(loop.parked_until)}")
    if loop.last_tick is not None:
        told.append(f"tick     {ago(loop.last_tick, at)}")
    return told


def _sessions(found: status.Status, at: datetime) -> list[str]:
    told = [f"slots    {found.slots[0]} of {found.slots[1]}"]
    for session in found.sessions:
        last = f", last heard {ago(session.last_activity, at)}" if session.last_activity is not None else ""
        tool = f" ({session.last_tool})" if session.last_tool else ""
        what = f"#{session.issue} {session.role}" if session.issue is not None else session.role
        told.append(f"         {what}, started {ago(session.started, at)}{last}{tool}")
    return told


def _work(found: status.Status) -> list[str]:
    queue = found.queue
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.jobs.items())) or "none yet"
    return [
        f"queue    {queue.ready} ready, {queue.delayed} delayed, {queue.leased} leased, {queue.dead} dead",
        f"jobs     {counts}",
    ]


def _glance(given: Invocation, project: Project) -> int:
    found = status.glance(project.layout.root, now=now())
    given.output.data(found.line())
    return NO_LOOP if found.state == "stopped" else 0


def _watch(given: Invocation, project: Project) -> int:
    """Until interrupted: redrawn in place for a person, a line for each change in a pipe."""
    if given.output.is_live and not given.json:
        from forge_loop.cli.live import show_live

        return show_live(lambda: lines(status.read(project.layout.root, now=now()), project, now()), WATCH_SECONDS)
    before = None
    while True:
        found = status.read(project.layout.root, now=now())
        shown = status.status_shape(found) if given.json else short_line(found)
        if shown != before:
            before = shown
            if isinstance(shown, dict):
                given.output.document(shown)
            else:
                given.output.data(shown)
        time.sleep(WATCH_SECONDS)
