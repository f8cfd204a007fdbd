"""`forge-loop repos status, explain`: what the fleet does, and why an issue of a repository does or does not move.

Owns: their words. Must not: hold a reason of its own: they come from core's `explain` and from `lanes`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import click

from forge_loop import ForgeLoopError, status
from forge_loop.extension import (
    Invocation,
    Reason,
    as_json,
    explanation_lines,
    issue_number,
    read_issue,
    rfc3339,
    shared,
    status_line,
)
from forge_loop_multirepo.commands.places import fleet_of, project_of, state_of
from forge_loop_multirepo.fleet_file import Repository
from forge_loop_multirepo.lanes import Lane, held_back
from forge_loop_multirepo.records import Seen, look
from forge_loop_multirepo.standing import standing

NO_FLEET = 3


@click.command("status")
@as_json
@shared
@click.pass_obj
def status_(given: Invocation) -> int:
    """The fleet, its slots, and each repository's loop. Exits 3 when no fleet is running."""
    fleet, seen = fleet_of(given), look(state_of(given))
    shapes = [_shape(given, entry, seen) for entry in fleet.repositories]
    said = standing(fleet, seen, _now())
    used, total = said.slots
    if given.json:
        given.output.document(
            {
                "fleet": {
                    "state": "running" if said.pid is not None else "stopped",
                    "pid": said.pid,
                    "problem": said.problem or None,
                    "limited_until": rfc3339(said.limited_until) if said.limited_until is not None else None,
                },
                "slots": {"used": used, "total": total},
                "repositories": shapes,
            }
        )
    else:
        running = f"running, pid {said.pid}" if said.pid is not None else "stopped"
        given.output.data(f"fleet    {running}, {used} of {total} slots")
        if said.problem:
            given.output.data(f"problem  {said.problem}")
        if said.limited_until is not None:
            given.output.data(f"limit    {said.limit_reason}, until {rfc3339(said.limited_until)}")
        for shape in shapes:
            given.output.data(f"{shape['name']:<16} {shape['line']}")
    return 0 if said.pid is not None else NO_FLEET


@click.command()
@click.argument("name")
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def explain(given: Invocation, name: str, issue: int) -> None:
    """Every reason why ISSUE of the repository NAME is or is not being worked on, those of the fleet included."""
    entry, seen = fleet_of(given).named(name), look(state_of(given))
    project = project_of(given, entry)
    found = read_issue(project, issue)
    if found.problem is not None:
        given.output.say(f"the tracker could not be read: {found.problem}")
    said = status.explain_issue(project.layout.root, issue, found, project.settings, now=_now())
    if not said.running:
        reasons = tuple(Reason(code="fleet", text=text) for text in fleet_reasons(entry, seen))
        said = replace(said, reasons=(*said.reasons, *reasons))
    if given.json:
        given.output.document({"repository": name, **status.explain_shape(said)})
        return
    for line in explanation_lines(said):
        given.output.data(line)


def fleet_reasons(entry: Repository, seen: Seen) -> tuple[str, ...]:
    """Why the fleet gives a repository nothing, whatever the issue."""
    if not entry.enabled:
        return ("the repository is disabled in the fleet",)
    if entry.name in seen.problems:
        return (f"the repository does not run: {seen.problems[entry.name]}",)
    lane = _lane(entry.name, seen)
    if seen.pid is None or lane is None:
        return ()
    return held_back(lane, seen.lanes, seen.slots, 0.0)


def _shape(given: Invocation, entry: Repository, seen: Seen) -> dict[str, object]:
    lane, problem = _lane(entry.name, seen), seen.problems.get(entry.name, "")
    loop: dict[str, object] | None = None
    try:
        found = status.read(project_of(given, entry).layout.root, now=_now())
        if lane is not None and seen.pid is not None:
            # A job that was cut off waits for its turn under a fleet: only the fleet knows that it has no slot yet.
            found = replace(found, slots=(lane.used, found.slots[1]))
        loop, line = status.status_shape(found), status_line(found)
    except ForgeLoopError as error:
        problem = problem or error.message.splitlines()[0]
        line = "cannot be read"
    if not entry.enabled:
        line = f"disabled, {line}"
    return {
        "name": entry.name,
        "enabled": entry.enabled,
        "problem": problem or None,
        "closed": (lane.closed or None) if lane is not None and seen.pid is not None else None,
        "loop": loop,
        "line": f"{line}; {problem}" if problem else line,
    }


def _lane(name: str, seen: Seen) -> Lane | None:
    return next((lane for lane in seen.lanes if lane.name == name), None)


def _now() -> datetime:
    return datetime.now().astimezone()
