"""One scripted behaviour and what must come of it.

Owns: the shape of a row of the tables, and the ends a job can come to. Must not: run anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from forge_loop.domain.job import FailureKind, JobState
from forge_loop.rehearsal.model import Answer
from support.scripted import critic

if TYPE_CHECKING:
    from behaviours.played import Played


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """`says` are words of the job's reason, `tells` kinds of events that must be there.

    `charged` counts attempts used up, `rounds` those of revision; `sessions` are the worker's, critic's and PO's.
    """

    state: JobState
    kind: FailureKind | None = None
    charged: int = 0
    says: str = ""
    rounds: int = 0
    sessions: int = 2
    tells: tuple[str, ...] = ()


def merged(**fields: object) -> Ends:
    return replace(Ends(state=JobState.MERGED, says="merged as"), **fields)  # type: ignore[arg-type]


def failed(kind: FailureKind, says: str, **fields: object) -> Ends:
    """The one attempt there is was used up: the loop gives up."""
    return replace(Ends(state=JobState.GIVEN_UP, kind=kind, charged=1, says=says, sessions=1), **fields)  # type: ignore[arg-type]


def gave_up(says: str, **fields: object) -> Ends:
    """The worker itself said that it cannot be done: nothing failed."""
    return replace(Ends(state=JobState.GIVEN_UP, says=says, sessions=1), **fields)  # type: ignore[arg-type]


def handed_over(says: str, **fields: object) -> Ends:
    return replace(Ends(state=JobState.HANDED_OVER, says=says), **fields)  # type: ignore[arg-type]


def nothing_more(_played: Played) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """`often`: also in the suite of every day. `proof` looks for what the common checks do not see.

    `body` replaces the issue's text. `after` names the case whose merge the worker waits for.
    """

    name: str
    worker: Answer
    ends: Ends
    critic: Answer = field(default_factory=critic, kw_only=True)
    po: Answer | None = field(default=None, kw_only=True)
    body: str | None = field(default=None, kw_only=True)
    after: str | None = field(default=None, kw_only=True)
    often: bool = field(default=False, kw_only=True)
    proof: Callable[[Played], None] = field(default=nothing_more, kw_only=True)
