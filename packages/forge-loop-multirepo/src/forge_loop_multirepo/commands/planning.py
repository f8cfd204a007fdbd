"""`forge-loop repos doctor, plan`: what must hold, and what would start next.

Owns: their words. Must not: start anything.
"""

from __future__ import annotations

import time
from datetime import datetime

import click

from forge_loop import ForgeLoopError, status
from forge_loop.extension import (
    CHECKS,
    Invocation,
    Level,
    Situation,
    as_json,
    explained,
    look_at,
    shared,
    works,
)
from forge_loop_multirepo import windows
from forge_loop_multirepo.commands.places import fleet_of, invocation_of, project_of, state_of
from forge_loop_multirepo.fleet_file import Fleet, Repository
from forge_loop_multirepo.lanes import Lane, foreseen, held_back
from forge_loop_multirepo.records import look


@click.command()
@as_json
@shared
@click.pass_obj
def doctor(given: Invocation) -> int:
    """Check every precondition of every enabled repository. Exits 1 if one fails."""
    rows, failed = [], False
    for entry in fleet_of(given).repositories:
        if not entry.enabled:
            continue
        situation = Situation(invocation_of(given, entry))
        for name in CHECKS:
            found = look_at(name, situation)
            failed |= found.level is Level.FAIL
            rows.append((entry.name, found.level, name, found.text, found.hint))
    if given.json:
        keys = ("repository", "state", "check", "text", "hint")
        checks = [dict(zip(keys, (*row[:4], row[4] or None), strict=True)) for row in rows]
        given.output.document({"ok": not failed, "checks": checks})
    else:
        for repository, level, name, text, hint in rows:
            given.output.data(f"{repository:<16}  {level!s:<4}  {name:<13}  {text}")
            if hint:
                given.output.data(f"{'':<39}hint: {hint}")
    return 1 if failed else 0


@click.command()
@as_json
@shared
@click.pass_obj
def plan(given: Invocation) -> None:
    """What would start next, in this order and why, and what holds the others back. Starts nothing."""
    fleet = fleet_of(given)
    seen = look(state_of(given))
    # A running fleet's rows count their waits from now; without one, each repository is looked at.
    lanes, now = (list(seen.lanes), 0.0) if seen.pid is not None else (looked_at(given, fleet), time.time())
    slots = seen.slots if seen.pid is not None else fleet.slots
    coming = foreseen(lanes, slots, now)
    named = {lane.name for lane, _ in coming}
    held = {lane.name: held_back(lane, lanes, slots, now) for lane in lanes if lane.name not in named}
    if given.json:
        given.output.document(
            {
                "running": seen.pid is not None,
                "slots": slots,
                "next": [{"repository": lane.name, "because": because} for lane, because in coming],
                "held_back": {name: list(reasons) for name, reasons in held.items() if reasons},
            }
        )
        return
    for place, (lane, because) in enumerate(coming, start=1):
        given.output.data(f"{place}. {lane.name}: {because}")
    if not coming:
        given.output.say("nothing would start")
    for name, reasons in held.items():
        if reasons:
            given.output.data(f"-  {name}: {'; '.join(reasons)}")


def looked_at(given: Invocation, fleet: Fleet) -> list[Lane]:
    """The lanes of a fleet that does not run, from what its repositories would work on."""
    served = {lane.name: lane.served for lane in look(state_of(given)).lanes}
    return [_lane(given, entry, fleet.slots, served.get(entry.name, 0.0)) for entry in fleet.repositories]


def _lane(given: Invocation, entry: Repository, slots: int, served: float) -> Lane:
    ceiling, wants = min(entry.max_slots or slots, slots), 0
    closed = windows.closed(entry.windows, datetime.now().astimezone()) if entry.enabled else "it is disabled"
    try:
        project = project_of(given, entry)
        ceiling = min(ceiling, project.settings.scheduling.parallel)
        wants = sum(works(each) for each in explained(project)) if not closed else 0
        loop = status.read(project.layout.root, now=datetime.now().astimezone()).loop
        if loop.state != "stopped":
            closed = f"a loop of its own runs there (pid {loop.pid})"
    except (ForgeLoopError, OSError) as error:
        closed = str(error)
    return Lane(
        name=entry.name,
        weight=entry.weight,
        ceiling=ceiling,
        priority=entry.priority,
        wants=wants,
        served=served,
        closed=closed,
    )
