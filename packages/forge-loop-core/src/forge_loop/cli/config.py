"""`forge-loop config`: what the settings are and where they come from.

Owns: show, check, schema, path. Must not: change a file.
"""

from __future__ import annotations

import json

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.project import settings_of
from forge_loop.config.load import FILE_NAME, user_file
from forge_loop.config.paths import project_directory, state_directory
from forge_loop.config.schema import schema as schema_of
from forge_loop.config.show import show as rows_of


@click.group()
@shared
def command() -> None:
    """Show, check and locate the settings."""


@command.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@as_json
@shared
@click.pass_obj
def show(given: Invocation, origin: bool) -> None:
    """Every setting as it holds now."""
    rows = rows_of(settings_of(given, project_directory(given.directory)))
    if given.json:
        given.output.document({"settings": {row.key: {"value": row.value, "origin": row.origin} for row in rows}})
    elif origin:
        given.output.table(("key", "origin", "value"), [(row.key, row.origin, row.value) for row in rows])
    else:
        given.output.table(("key", "value"), [(row.key, row.value) for row in rows])


@command.command()
@as_json
@shared
@click.pass_obj
def check(given: Invocation) -> None:
    """Say every problem at once; exit 2 if there is one."""
    from forge_loop.bootstrap import configured_sinks  # only here: it loads what each sink needs

    directory = project_directory(given.directory)
    loaded = settings_of(given, directory)
    state = state_directory(directory, loaded.settings, environ=given.environ, override=given.state_dir)
    configured_sinks(loaded.settings, state, given.environ)
    files = [str(path) for path in loaded.files]
    if given.json:
        given.output.document({"ok": True, "files": files})
        return
    given.output.data("the configuration is sound: " + (", ".join(files) or "no file, only defaults"))


@command.command()
@as_json
@shared
@click.pass_obj
def schema(given: Invocation) -> None:
    """The JSON schema of forge-loop.yaml, for editors."""
    given.output.line(json.dumps(schema_of(), indent=2))


@command.command()
@as_json
@shared
@click.pass_obj
def path(given: Invocation) -> None:
    """Where the settings are read from, and where the state is kept."""
    directory = project_directory(given.directory)
    loaded = settings_of(given, directory)
    own = given.config_file.absolute() if given.config_file is not None else directory / FILE_NAME
    user = user_file(given.environ)
    state = state_directory(directory, loaded.settings, environ=given.environ, override=given.state_dir)
    places = {"project": own, **({"user": user} if user is not None else {}), "state": state}
    if given.json:
        shape = {name: {"path": str(place), "exists": place.exists()} for name, place in places.items()}
        given.output.document(shape)
        return
    rows = [(name, place, "" if place.exists() else "not there") for name, place in places.items()]
    given.output.table(("what", "path", ""), rows)
