"""The comments that belong to the text an approval binds to.

Owns: whose they are, when they were last edited, which of them count beside a label. Must not: let in a stranger's
words or the loop's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from forge_loop.domain.issue import Comment
from forge_loop.forge.github import notes
from forge_loop.forge.github.issues import History, Said
from forge_loop.forge.github.reading import moment, understood
from forge_loop.forge.github.repository import Repository

BATCH = 100
# More is no spec: a session would drown in it.
LONGEST = 100_000
TOO_LONG = f"its comments hold more than {LONGEST:,} characters; put what counts into its text"
_EDITS = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id lastEditedAt } } }"


def heard(repository: Repository, told: History) -> tuple[Said, ...]:
    """What approvers wrote by hand, oldest first."""
    by_people = [said for said in told.said if said.by_hand and said.text.strip() and not notes.is_marked(said.text)]
    return tuple(said for said in by_people if repository.trusts(said.user))


def edits(repository: Repository, said: Iterable[Said]) -> dict[str, datetime | None]:
    """When each was last edited, None for never; one that is gone by now is not in it. Only GraphQL tells."""
    ids = [each.node for each in said]
    found: dict[str, datetime | None] = {}
    for start in range(0, len(ids), BATCH):
        answer = repository.client.query(_EDITS, {"ids": ids[start : start + BATCH]}, absent=True)
        with understood("the comments' edits"):
            there = [node for node in answer["nodes"] if node is not None]
            found |= {str(node["id"]): _moment(node["lastEditedAt"]) for node in there}
    return found


def before(said: Sequence[Said], label: datetime) -> tuple[Said, ...]:
    """Those made in an earlier second than the label."""
    return tuple(each for each in said if each.at < label)


def touched(said: Sequence[Said], edited: Mapping[str, datetime | None], label: datetime) -> datetime | None:
    """When what a label stands on last changed. A comment within its second may have come after it."""
    times = [edited[each.node] for each in before(said, label)]
    times += [each.at for each in said if each.at == label]
    return max((at for at in times if at is not None), default=None)


def as_comments(said: Iterable[Said]) -> tuple[Comment, ...]:
    return tuple(Comment(author=str(each.user["login"]), at=each.at, text=each.text) for each in said)


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text is not None else None
