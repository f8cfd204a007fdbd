"""`forge-loop doctor`: every precondition, each ok, warn or fail with what to do, and `--fix` for what can be mended.

Owns: running the checks and their lines, telling each mend. Must not: mend what it was not asked to.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.preconditions import CHECKS, look, require_known
from forge_loop.cli.situation import Finding, Level, Situation
from forge_loop.cli.upkeep import UPKEEP, mend

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@click.option("--only", metavar="CHECK", help=f"One of {', '.join(CHECKS)}.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything, then check.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, only: str | None, fix: bool) -> int:
    """Check every precondition of a run. Exits 1 if one fails."""
    require_known(only)
    situation = Situation(given)
    mended = mend(situation.project.layout, [only] if only else UPKEEP) if fix else {}
    found = {name: look(name, situation) for name in CHECKS if only in (None, name)}
    failed = any(finding.level is Level.FAIL for finding in found.values())
    if given.json:
        told = [{"check": name, "text": text} for name, texts in mended.items() for text in texts]
        checks = [_shape(name, each) for name, each in found.items()]
        given.output.document({"ok": not failed, **({"mended": told} if fix else {}), "checks": checks})
    else:
        for name, texts in mended.items():
            for text in texts:
                given.output.data(f"mend  {name:<13}  {text}", fg="green")
        _print(given, found)
    return 1 if failed else 0


def _print(given: Invocation, found: dict[str, Finding]) -> None:
    for name, finding in found.items():
        given.output.data(f"{finding.level!s:<4}  {name:<13}  {finding.text}", fg=COLOURS[finding.level])
        if finding.hint:
            given.output.data(f"{'':<21}hint: {finding.hint}")


def _shape(name: str, finding: Finding) -> dict[str, object]:
    return {"check": name, "state": str(finding.level), "text": finding.text, "hint": finding.hint or None}
