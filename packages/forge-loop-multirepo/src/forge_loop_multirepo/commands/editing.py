"""`forge-loop repos add, list, enable, disable, remove`: what stands in the fleet file.

Owns: their words. Must not: touch a repository, or its state.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from forge_loop import ForgeLoopError, OperatorError
from forge_loop.extension import Invocation, as_json, project_directory, shared
from forge_loop_multirepo.commands.places import file_of, project_of
from forge_loop_multirepo.fleet_file import (
    MOST_SLOTS,
    NAME,
    Fleet,
    Repository,
    added,
    load,
    removed,
    switched,
    write,
)
from forge_loop_multirepo.lanes import LOWEST
from forge_loop_multirepo.windows import Window, window

NEXT = "forge-loop repos run"


def _window(text: str) -> Window:
    try:
        return window(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What it is called; default: after its directory.")
@click.option("--weight", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="Its share.")
@click.option("--max-slots", type=click.IntRange(1, MOST_SLOTS), metavar="N", help="Its ceiling.")
@click.option("--priority", type=click.IntRange(0, LOWEST), default=2, show_default=True, help="0 goes first.")
@click.option("--window", "windows", type=_window, multiple=True, metavar="WHEN", help="mon-fri 20:00-07:00")
@as_json
@shared
@click.pass_obj
def add(
    given: Invocation,
    path: Path,
    name: str | None,
    weight: float,
    max_slots: int | None,
    priority: int,
    windows: tuple[Window, ...],
) -> None:
    """Put the checkout at PATH into the fleet."""
    directory = project_directory(path)
    file = file_of(given)
    fleet = load(file)
    called = name or _free_name(directory.name, fleet)
    _require_new(fleet, called, directory, file)
    entry = Repository(
        name=called, path=directory, weight=weight, max_slots=max_slots, priority=priority, windows=windows
    )
    project_of(given, entry)  # what cannot be worked on is said now, not at night
    after = write(file, added(_text(file), entry))
    if given.json:
        given.output.document({"file": str(file), "repository": _shape(after.named(called), after)})
        return
    given.output.data(called)
    given.output.say(f"it is in {file}; {NEXT}")


@click.command("list")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation) -> None:
    """Every repository and its terms, each setting with where it comes from."""
    fleet = load(file_of(given))
    if given.json:
        shapes = [_shape(each, fleet) | _settings(given, each, fleet) for each in fleet.repositories]
        given.output.document({"file": str(file_of(given)), "slots": fleet.slots, "repositories": shapes})
        return
    if not fleet.repositories:
        given.output.say("no repository yet; add one: forge-loop repos add PATH")
        return
    rows = []
    for each in fleet.repositories:
        found = _settings(given, each, fleet)
        slots = f"{found['slots']} ({found['slots_from']})" if found["problem"] is None else str(found["problem"])
        terms = f"weight {each.weight:g}, p{each.priority}" + "".join(f", {one.text}" for one in each.windows)
        rows.append((each.name, "on" if each.enabled else "off", terms, slots, str(each.path)))
    given.output.table(("name", "is", "terms", "slots", "path"), rows)


@click.command()
@click.argument("name")
@as_json
@shared
@click.pass_obj
def enable(given: Invocation, name: str) -> None:
    """Let the fleet work on NAME again."""
    _switch(given, name, enabled=True)


@click.command()
@click.argument("name")
@as_json
@shared
@click.pass_obj
def disable(given: Invocation, name: str) -> None:
    """Leave NAME alone; what is under way there is resumed when it is enabled again."""
    _switch(given, name, enabled=False)


@click.command()
@click.argument("name")
@as_json
@shared
@click.pass_obj
def remove(given: Invocation, name: str) -> None:
    """Take NAME out of the fleet. Its checkout and its state stay."""
    file = file_of(given)
    write(file, removed(_text(file), load(file), name))
    _say(given, name, "removed", f"{name} is no longer in {file}; its state stays")


def _switch(given: Invocation, name: str, *, enabled: bool) -> None:
    file = file_of(given)
    write(file, switched(_text(file), load(file), name, enabled=enabled))
    word = "enabled" if enabled else "disabled"
    _say(given, name, word, f"{name} is {word}; a running fleet follows within a second")


def _say(given: Invocation, name: str, state: str, sentence: str) -> None:
    if given.json:
        given.output.document({"name": name, "state": state})
    else:
        given.output.data(sentence)


def _free_name(wanted: str, fleet: Fleet) -> str:
    name = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower()).strip("-._")[:36] or "repository"
    taken = {each.name for each in fleet.repositories}
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 1000))) if each not in taken)


def _require_new(fleet: Fleet, name: str, directory: Path, file: Path) -> None:
    if not NAME.fullmatch(name):
        raise OperatorError(f"{name!r} is no name: small letters, digits, . _ - and 40 at most", hint="--name NAME")
    for each in fleet.repositories:
        if each.path == directory:
            raise OperatorError(
                f"{str(directory)!r} is in {file} already, as {each.name}", hint="forge-loop repos list"
            )
        if each.name == name:
            raise OperatorError(f"{file} has a repository {name!r} already", hint="--name NAME")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _shape(each: Repository, fleet: Fleet) -> dict[str, object]:
    return {
        "name": each.name,
        "path": str(each.path),
        "enabled": each.enabled,
        "weight": each.weight,
        "max_slots": each.max_slots or fleet.slots,
        "priority": each.priority,
        "windows": [one.text for one in each.windows],
    }


def _settings(given: Invocation, each: Repository, fleet: Fleet) -> dict[str, object]:
    """The most slots it may have, and which file says so; the smallest of three wins."""
    try:
        loaded = project_of(given, each).loaded
    except ForgeLoopError as error:
        return {"slots": None, "slots_from": None, "problem": error.message.splitlines()[0]}
    own = loaded.settings.scheduling.parallel
    candidates = [
        (own, f"scheduling.parallel, {loaded.origins['scheduling.parallel']}"),
        (fleet.slots, "slots of the fleet"),
        *([(each.max_slots, "max_slots of the fleet")] if each.max_slots is not None else []),
    ]
    slots, origin = min(candidates, key=lambda one: one[0])
    return {"slots": slots, "slots_from": origin, "problem": None}
