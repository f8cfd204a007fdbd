"""`forge-loop init`: a project is set up for the loop.

Owns: what is written and in which order, and saying so. Must not: commit, overwrite unasked, or give a label.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from forge_loop.cli.guessing import guessed_checks
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.project import find_project
from forge_loop.config.load import FILE_NAME
from forge_loop.config.model import ForgeKind
from forge_loop.config.paths import prepare_state_directory, project_directory
from forge_loop.config.sample import sample
from forge_loop.errors import OperatorError
from forge_loop.forge.local import create_origin, init_backlog
from forge_loop.forge.local.origin import branch_at, git_of
from forge_loop.git.checkout import current_branch

NEXT = (
    "forge-loop doctor",
    "forge-loop issue add 'TITLE' --body 'WHAT AND WHY' --approve",
    "forge-loop run",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What will be written. `checks` are guesses."""

    project: Path
    base: str
    checks: tuple[str, ...]

    @property
    def file(self) -> Path:
        return self.project / FILE_NAME


@click.command()
@click.option("--forge", type=click.Choice([str(kind) for kind in ForgeKind]), default="local", show_default=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help=f"Replace a {FILE_NAME} that is there.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, forge: str, yes: bool, force: bool) -> int:
    """Set this project up: forge-loop.yaml, backlog/, and a bare repository as the remote `forge`. Commits nothing."""
    project = project_directory(given.directory)
    plan = Plan(project=project, base=current_branch(project), checks=guessed_checks(project))
    if (plan.file.exists() or plan.file.is_symlink()) and not force:
        raise OperatorError(f"{plan.file} is there already", hint="--force replaces it")
    if branch_at(git_of(project), plan.base) is None:
        raise OperatorError(
            f"there is no commit on {plan.base} yet", hint="commit something first, then: forge-loop init"
        )
    if not (yes or _agreed(given, plan)):
        return 1
    origin = _write(given, plan, forge)
    _tell(given, plan, origin)
    return 0


def _agreed(given: Invocation, plan: Plan) -> bool:
    """Asks at a terminal only; elsewhere the command itself is the answer."""
    if not (sys.stdin.isatty() and given.output.is_terminal) or given.json:
        return True
    given.output.say(f"writes {plan.file} and {plan.project / 'backlog'}, and adds the remote `forge`")
    return click.confirm("go on?", default=True, err=True)


def _write(given: Invocation, plan: Plan, forge: str) -> Path:
    """The bare repository's path."""
    text = sample(forge, {"base": plan.base, **({"checks": plan.checks} if plan.checks else {})})
    if plan.file.is_symlink():
        plan.file.unlink()
    plan.file.write_text(text, encoding="utf-8")
    project = find_project(given)
    prepare_state_directory(project.layout.root)
    init_backlog(plan.project)
    create_origin(project.layout.origin, plan.project, plan.base)
    return project.layout.origin


def _tell(given: Invocation, plan: Plan, origin: Path) -> None:
    output = given.output
    if given.json:
        output.document(
            {
                "config": str(plan.file),
                "backlog": str(plan.project / "backlog"),
                "repository": str(origin),
                "remote": "forge",
                "base": plan.base,
                "checks": list(plan.checks),
                "next": list(NEXT),
            }
        )
        return
    output.data(f"wrote    {plan.file}")
    output.data(f"issues   {plan.project / 'backlog'}")
    output.data(f"forge    {origin} (remote `forge`), base {plan.base}")
    if plan.checks:
        output.data("checks   " + ", ".join(plan.checks) + f" (guessed; change them in {FILE_NAME})")
    else:
        output.data(f"checks   none found: set `checks:` in {FILE_NAME}, or nothing is merged without you")
    output.data()
    output.data("next:")
    for line in NEXT:
        output.data(f"  {line}")
