"""`forge-loop maintenance`: ask for a pass, see what the last session proposed, and apply of it what is wanted.

Owns: their words. Must not: change an issue; what is applied is a request that the loop carries out.
"""

from __future__ import annotations

import click

from forge_loop.cli.asking import ask
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import ROW, as_json, shared
from forge_loop.cli.project import find_project, reading
from forge_loop.domain.proposals import Proposal, ProposalKind, ProposalState
from forge_loop.domain.recorded import rfc3339


@click.group()
@shared
def command() -> None:
    """Tidy up, and tend the backlog."""


@command.command()
@as_json
@shared
@click.pass_obj
def run(given: Invocation) -> int:
    """Ask the loop for a maintenance pass now, and for a session over the backlog if the settings want one."""
    return ask(given, find_project(given), "maintenance.run")


@command.command("list")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation) -> None:
    """What the last maintenance session proposed and nobody has applied."""
    with reading(find_project(given)) as store:
        proposals = store.proposals.select("state = ?", ProposalState.OPEN) if store is not None else []
    if given.json:
        given.output.document({"proposals": [_shape(proposal) for proposal in proposals]})
        return
    if not proposals:
        given.output.say("nothing is proposed")
        return
    rows = [(entry.id, f"#{entry.issue}", entry.kind, entry.text, _next(entry)) for entry in proposals]
    given.output.table(("proposal", "issue", "kind", "text", "next"), rows)


@command.command()
@click.argument("proposals", type=ROW, nargs=-1, required=True, metavar="ID...")
@as_json
@shared
@click.pass_obj
def apply(given: Invocation, proposals: tuple[int, ...]) -> int:
    """Have the loop post the proposals ID... as notes on their issues. None of them approves work."""
    return ask(given, find_project(given), "maintenance.apply", detail={"proposals": list(dict.fromkeys(proposals))})


def _next(proposal: Proposal) -> str:
    if proposal.kind is ProposalKind.READY:
        return f"forge-loop issue approve {proposal.issue}"
    return f"forge-loop maintenance apply {proposal.id}"


def _shape(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal": proposal.id,
        "issue": proposal.issue,
        "kind": str(proposal.kind),
        "text": proposal.text,
        "at": rfc3339(proposal.at),
        "next": _next(proposal),
    }
