"""`forge-loop doctor`: every precondition, each ok, warn or fail with what to do.

Owns: running the checks and their lines. Must not: mend anything.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.preconditions import CHECKS, Finding, Level, Situation, look, require_known

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@click.option("--only", metavar="CHECK", help=f"One of {', '.join(CHECKS)}.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, only: str | None) -> int:
    """Check every precondition of a run. Exits 1 if one fails."""
    require_known(only)
    situation = Situation(given)
    found = {name: look(name, situation) for name in CHECKS if only in (None, name)}
    failed = any(finding.level is Level.FAIL for finding in found.values())
    if given.json:
        given.output.document({"ok": not failed, "checks": [_shape(name, each) for name, each in found.items()]})
    else:
        _print(given, found)
    return 1 if failed else 0


def _print(given: Invocation, found: dict[str, Finding]) -> None:
    for name, finding in found.items():
        given.output.data(f"{finding.level!s:<4}  {name:<13}  {finding.text}", fg=COLOURS[finding.level])
        if finding.hint:
            given.output.data(f"{'':<21}hint: {finding.hint}")


def _shape(name: str, finding: Finding) -> dict[str, object]:
    return {"check": name, "state": str(finding.level), "text": finding.text, "hint": finding.hint or None}
