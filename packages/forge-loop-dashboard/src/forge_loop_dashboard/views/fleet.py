"""Fleet: the repositories that share the slots, how each stands, and the way to its page.

Owns: putting the fleet and each repository's own state together. Must not: judge who is next.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop import ForgeLoopError
from forge_loop.status import FleetStatus, RepositoryStatus, Status, read
from forge_loop.status.jobs import NEEDS_YOU
from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.look import Facts, Look, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`status` is None where no loop has opened the repository, `url` where this process has no page of it."""

    terms: RepositoryStatus
    status: Status | None
    needs_you: int
    problem: str
    url: str | None


def facts(look: Look) -> Facts:
    fleet, problem = _fleet(look.desk)
    return {
        "fleet": fleet,
        "problem": problem,
        "rows": [_row(look.desk, each) for each in fleet.repositories] if fleet is not None else [],
    }


def _fleet(desk: Desk) -> tuple[FleetStatus | None, str]:
    try:
        return desk.fleet(), ""
    except ForgeLoopError as error:
        return None, error.message


def _row(desk: Desk, terms: RepositoryStatus) -> Row:
    status, problem = None, terms.problem
    try:
        if terms.state_dir is not None:
            status = read(terms.state_dir, now=desk.now())
    except ForgeLoopError as error:
        problem = problem or error.message
    return Row(
        terms=terms,
        status=status,
        needs_you=sum(status.jobs.get(str(state), 0) for state in NEEDS_YOU) if status is not None else 0,
        problem=problem,
        url=next((place.url for place in desk.places if place.directory == terms.path), None),
    )


def follows(look: Look) -> object:
    """The other repositories have databases of their own."""
    return str(facts(look))


VIEW = View(name="fleet", path="/fleet", title="Fleet", facts=facts, key="f", follows=follows)
