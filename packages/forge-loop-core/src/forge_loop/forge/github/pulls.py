"""A pull request as GitHub shows it.

Owns: the parsing, and which ones are of this repository's own branches. Must not: send a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.forge.github.reading import moment, understood


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """`mergeable` is None while GitHub finds out. `stacked`: merging it merges what lies below as well."""

    shown: PullRequest
    node: str
    body: str
    mergeable: bool | None
    stacked: bool


def pull(data: Any) -> Pull:
    """One pull request. Before it is merged `merge_commit_sha` is a trial, so it is read only then."""
    with understood("a pull request"):
        merged = bool(data.get("merged_at"))
        state = {"open": PullRequestState.OPEN, "closed": PullRequestState.CLOSED}[data["state"]]
        shown = PullRequest(
            number=int(data["number"]),
            branch=str(data["head"]["ref"]),
            base=str(data["base"]["ref"]),
            head_sha=str(data["head"]["sha"]),
            state=PullRequestState.MERGED if merged else state,
            merged_sha=str(data["merge_commit_sha"]) if merged and data.get("merge_commit_sha") else None,
            draft=bool(data.get("draft")),
            ours=_same_repository(data),
            changed_at=moment(data["updated_at"]),
        )
        return Pull(
            shown=shown,
            node=str(data["node_id"]),
            body=str(data.get("body") or ""),
            mergeable=data.get("mergeable"),
            stacked=data.get("stack") is not None,
        )


def _same_repository(data: Any) -> bool:
    """Forks have branches of the same names. The head's repository is gone where its fork was deleted."""
    source, target = data["head"].get("repo"), data["base"]["repo"]
    return source is not None and int(source["id"]) == int(target["id"])
