"""An issue as a tracker shows it, and a pull request as a code host shows it.

Owns: the shapes both forges fill, and what of a pull request says that a person took it over. Must not: know any forge.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

NO_PRIORITY = 2  # of 0 to 4: an issue that says none


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """What an approver said at an issue before it was approved: it belongs to the text that is approved."""

    author: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One issue, read at one moment.

    `number` is what people type. `key` is the tracker's identity that is never given to another issue (a number may
    be). `priority` runs from 0 (first) to 4. `blocked_by` names issues that must be closed first; a number that the
    tracker does not know stays in it. `comments` are those that belong to the text, oldest first: where the ready label
    counts, the ones before it, else those that an approval would take in now. `edited_at` is the last edit of title,
    body or one of them, where the tracker knows it.
    `problem` says why the tracker could not read the issue in full; such an issue is never eligible.
    """

    number: int
    key: str
    title: str
    body: str
    labels: frozenset[str] = frozenset()
    open: bool = True
    created_at: datetime
    edited_at: datetime | None = None
    priority: int = NO_PRIORITY
    blocked_by: tuple[int, ...] = ()
    comments: tuple[Comment, ...] = ()
    problem: str | None = None

    @property
    def spec(self) -> str:
        """The body and the comments that belong to it, each under a heading of its own."""
        return "\n\n".join([self.body, *(_under_heading(comment) for comment in self.comments)])

    @property
    def text(self) -> str:
        """Title, body and comments as one text: what an approval binds to and a worker is given."""
        return f"{self.title}\n\n{self.spec}".strip() + "\n"

    @property
    def sha256(self) -> str:
        """The SHA-256 of `text` in UTF-8, as hex. Half a surrogate pair counts too, though UTF-8 cannot hold it."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def _under_heading(comment: Comment) -> str:
    return f"## Comment of {comment.author}, {comment.at:%Y-%m-%d %H:%M:%S} UTC\n\n{comment.text.strip()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelEvent:
    """Who put the ready label on an issue. `at` is None where the tracker keeps no history (files)."""

    actor: str
    trusted: bool
    at: datetime | None


class PullRequestState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request of the loop's, as the code host shows it now. `merged_sha` is the commit on the base branch.

    `changed_at` is when something was last done or said there, None where the host keeps no such time. `ours` is False
    where its branch is not the loop's own in the same repository: then it is a stranger's.
    """

    number: int
    branch: str
    base: str
    head_sha: str
    state: PullRequestState
    merged_sha: str | None = None
    draft: bool = False
    ours: bool = True
    changed_at: datetime | None = field(default=None, compare=False)


def taken_over(found: PullRequest, *, base: str, pushed: frozenset[str]) -> str | None:
    """What a person did to a pull request of the loop's, so that the loop leaves it; None while it is the loop's.

    `pushed` are the commits that the loop may have brought there.
    """
    if found.state is not PullRequestState.OPEN:
        return f"pull request {found.number} was {found.state} by a person"
    if not found.ours:
        return f"pull request {found.number} is not the loop's own"
    if found.base != base:
        return f"pull request {found.number} goes to {found.base} now"
    if found.head_sha not in pushed:
        return f"pull request {found.number} holds a commit that is not the loop's"
    return None
