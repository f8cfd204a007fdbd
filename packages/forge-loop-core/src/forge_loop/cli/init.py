"""`forge-loop init`: a project is set up for the loop.

Owns: what is written and in which order, and saying so. Must not: commit, overwrite unasked, or give a label.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from forge_loop.cli.github.setup import Found, find_repository
from forge_loop.cli.github.setup import create_labels as make_labels
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
    """What will be written. `checks` are guesses; `hub` is the repository where the forge is GitHub."""

    project: Path
    base: str
    checks: tuple[str, ...]
    hub: Found | None = None

    @property
    def file(self) -> Path:
        return self.project / FILE_NAME

    @property
    def values(self) -> dict[str, object]:
        """The settings that are written out."""
        hub = self.hub.values if self.hub is not None else {}
        return {"base": self.base, **({"checks": self.checks} if self.checks else {}), **hub}


@click.command()
@click.option("--forge", type=click.Choice([str(kind) for kind in ForgeKind]), default="local", show_default=True)
@click.option("--repo", metavar="OWNER/NAME", help="github: the repository; else the remote `origin` says it.")
@click.option("--create-labels", is_flag=True, help="github: create the labels that are missing there.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help=f"Replace a {FILE_NAME} that is there.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, forge: str, repo: str | None, create_labels: bool, yes: bool, force: bool) -> int:
    """Set this project up: forge-loop.yaml, and what its forge needs. Commits nothing.

    local: backlog/, and a bare repository as the remote `forge`. github: the labels, with --create-labels.
    """
    on_github = forge == ForgeKind.GITHUB
    if not on_github and (repo is not None or create_labels):
        raise click.UsageError("--repo and --create-labels belong to --forge github")
    project = project_directory(given.directory)
    hub = find_repository(project, repo) if on_github else None
    plan = Plan(project=project, base=current_branch(project), checks=guessed_checks(project), hub=hub)
    if (plan.file.exists() or plan.file.is_symlink()) and not force:
        raise OperatorError(f"{plan.file} is there already", hint="--force replaces it")
    if branch_at(git_of(project), plan.base) is None:
        raise OperatorError(
            f"there is no commit on {plan.base} yet", hint="commit something first, then: forge-loop init"
        )
    if not (yes or _agreed(given, plan, create_labels=create_labels)):
        return 1
    if hub is not None:
        _tell_github(given, plan, hub, _write_for_github(given, plan, create_labels=create_labels))
    else:
        _tell(given, plan, _write(given, plan))
    return 0


def _agreed(given: Invocation, plan: Plan, *, create_labels: bool) -> bool:
    """Asks at a terminal only; elsewhere the command itself is the answer."""
    if not (sys.stdin.isatty() and given.output.is_terminal) or given.json:
        return True
    if plan.hub is None:
        given.output.say(f"writes {plan.file} and {plan.project / 'backlog'}, and adds the remote `forge`")
    else:
        labels = " and creates labels there" if create_labels else ""
        given.output.say(f"writes {plan.file} for {plan.hub.url}/{plan.hub.repository}{labels}")
    return click.confirm("go on?", default=True, err=True)


def _write_settings(plan: Plan, forge: ForgeKind) -> None:
    if plan.file.is_symlink():
        plan.file.unlink()
    plan.file.write_text(sample(str(forge), plan.values), encoding="utf-8")


def _write_for_github(given: Invocation, plan: Plan, *, create_labels: bool) -> list[str]:
    """The labels that were created."""
    _write_settings(plan, ForgeKind.GITHUB)
    return make_labels(find_project(given).settings, given.environ) if create_labels else []


def _write(given: Invocation, plan: Plan) -> Path:
    """The bare repository's path."""
    _write_settings(plan, ForgeKind.LOCAL)
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
    _tell_checks(given, plan)
    _tell_next(given, NEXT)


def _tell_github(given: Invocation, plan: Plan, hub: Found, created: list[str]) -> None:
    ready = find_project(given).settings.labels.ready
    following = ("forge-loop doctor", f"put the label {ready} on an issue", "forge-loop run")
    if given.json:
        shape = {"config": str(plan.file), "repository": hub.repository, "url": hub.url, "base": plan.base}
        given.output.document(
            {**shape, "labels": created, "checks": list(plan.checks), "next": [following[0], following[2]]}
        )
        return
    given.output.data(f"wrote    {plan.file}")
    given.output.data(f"forge    {hub.url}/{hub.repository}, base {plan.base}")
    given.output.data(f"labels   {', '.join(created) or 'none created'}")
    _tell_checks(given, plan)
    _tell_next(given, following)


def _tell_checks(given: Invocation, plan: Plan) -> None:
    output = given.output
    if plan.checks:
        output.data("checks   " + ", ".join(plan.checks) + f" (guessed; change them in {FILE_NAME})")
    else:
        output.data(f"checks   none found: set `checks:` in {FILE_NAME}, or nothing is merged without you")


def _tell_next(given: Invocation, lines: Sequence[str]) -> None:
    given.output.data()
    given.output.data("next:")
    for line in lines:
        given.output.data(f"  {line}")
