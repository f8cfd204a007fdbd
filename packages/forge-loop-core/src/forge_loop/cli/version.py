"""`forge-loop version`: this version and that of what it uses.

Owns: the list. Must not: fail because something is missing.
"""

from __future__ import annotations

import platform
from importlib import metadata

import click

from forge_loop import __version__
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.stability import DISTRIBUTIONS

USED = ("claude-agent-sdk",)


@click.command()
@as_json
@shared
@click.pass_obj
def command(given: Invocation) -> None:
    """Print the version of forge-loop, of its distributions and of what it uses."""
    found = {name: _installed(name) for name in (*(each.name for each in DISTRIBUTIONS), *USED)}
    python = platform.python_version()
    if given.json:
        given.output.document({"version": __version__, "python": python, "distributions": found})
        return
    given.output.data(f"forge-loop {__version__}")
    rows = [("python", python), *((name, version or "not installed") for name, version in found.items())]
    given.output.table(("uses", "version"), rows)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
