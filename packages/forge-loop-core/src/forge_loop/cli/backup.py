"""`forge-loop backup FILE`: a consistent copy of the state database, also while the loop runs.

Owns: where it may go. Must not: copy anything else of the state directory.
"""

from __future__ import annotations

from pathlib import Path

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.project import find_project
from forge_loop.database import Database
from forge_loop.errors import OperatorError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, file: Path, force: bool) -> None:
    """Copy the state database to FILE."""
    layout = find_project(given).layout
    if not layout.database.exists():
        raise OperatorError(f"there is no state in {layout.root} yet", hint="forge-loop run")
    if file.absolute().is_relative_to(layout.root):
        raise OperatorError(f"{file} lies in the state directory", hint="choose a place outside of it")
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise OperatorError(f"{file} cannot be written", hint="FILE is a file in a directory that is there")
    if file.exists() and not force:
        raise OperatorError(f"{file} is there already", hint="--force replaces it")
    database = Database(layout.database)
    try:
        database.backup(file.absolute())
    finally:
        database.close()
    if given.json:
        given.output.document({"file": str(file.absolute()), "bytes": file.stat().st_size})
    else:
        given.output.data(str(file))
