"""`forge-loop brief`: what each role is told.

Owns: list, show, eject, check, render. Must not: render a brief in another way than the runner does.
"""

from __future__ import annotations

import click

from forge_loop.bootstrap import BRIEFS
from forge_loop.briefs import Briefs
from forge_loop.briefs.render import SUFFIX
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.config.paths import project_directory
from forge_loop.domain.session import Role
from forge_loop.errors import BriefError, OperatorError

ROLE = click.Choice([str(role) for role in Role])


@click.group()
@shared
def command() -> None:
    """List, show, eject, check and render the briefs. ROLE is worker, critic, po or maintenance."""


@command.command("list")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation) -> None:
    """Every role, where its brief comes from and its hash."""
    briefs = _briefs(given)
    rows = [(role, briefs.origin(role), briefs.sha256(role)) for role in briefs.roles()]
    if given.json:
        shape = [{"role": role, "origin": origin, "sha256": sha256} for role, origin, sha256 in rows]
        given.output.document({"briefs": shape})
        return
    given.output.table(("role", "sha256", "origin"), [(role, sha256[:12], origin) for role, origin, sha256 in rows])


@command.command()
@click.argument("role", type=ROLE, metavar="ROLE")
@as_json
@shared
@click.pass_obj
def show(given: Invocation, role: str) -> None:
    """Print ROLE's template as it is."""
    _print(given, role, _briefs(given).source(role))


@command.command()
@click.argument("role", type=ROLE, metavar="ROLE")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
@shared
@click.pass_obj
def eject(given: Invocation, role: str, force: bool) -> None:
    """Write the built-in template of ROLE to .forge-loop/briefs/, to be changed there."""
    path = project_directory(given.directory) / BRIEFS / f"{role}{SUFFIX}"
    if (path.exists() or path.is_symlink()) and not force:
        raise OperatorError(f"{path} is there already", hint="--force replaces it")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(Briefs().source(role), encoding="utf-8")
    if given.json:
        given.output.document({"role": role, "file": str(path)})
        return
    given.output.data(str(path))
    given.output.say("the loop uses it from its next start; check it with: forge-loop brief check")


@command.command()
@as_json
@shared
@click.pass_obj
def check(given: Invocation) -> None:
    """Say every problem of every brief; exit 2 if there is one."""
    problems = _briefs(given).check()
    if problems:
        raise BriefError(
            "the briefs have problems:\n" + "\n".join(f"  {line}" for line in problems),
            hint="forge-loop brief show ROLE, or eject it anew with --force",
        )
    if given.json:
        given.output.document({"ok": True})
        return
    given.output.data("the briefs are sound")


@command.command()
@click.argument("role", type=ROLE, metavar="ROLE")
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def render(given: Invocation, role: str, issue: int) -> None:
    """Print what ROLE would be sent on ISSUE now, delimiters drawn for this once."""
    from forge_loop.cli.rendering import rendered

    _print(given, role, rendered(given, Role(role), issue))


def _print(given: Invocation, role: str, text: str) -> None:
    if given.json:
        given.output.document({"role": role, "text": text})
    else:
        given.output.line(text.rstrip("\n"))


def _briefs(given: Invocation) -> Briefs:
    return Briefs(project_directory(given.directory) / BRIEFS)
