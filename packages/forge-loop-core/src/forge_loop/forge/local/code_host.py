"""The local code host: branches of a bare repository, pull requests in the state database.

Owns: the CodeHost port without an account or a network. Must not: move anything of the operator's checkout.

A merge is recorded before the ref moves. Whether it happened is then read from the ref: base contains the recorded
candidate or it does not. Whoever reads a pull request settles it that way first, so no crash leaves it in doubt.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forge_loop.config.model import MergeMethod
from forge_loop.database import Database
from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.errors import GitError, RefusedError, UnreadableError
from forge_loop.forge.local.origin import branch_at, contains, follow, move_branch
from forge_loop.forge.local.pulls import Pull, Pulls
from forge_loop.git.bare import drop_stale_locks
from forge_loop.git.command import Git
from forge_loop.git.merge import MergeConflict, squash, tree_of
from forge_loop.git.names import branch_ref
from forge_loop.ports import BaseMoved, Clock, MergeAnswer, Merged


class LocalCodeHost:
    """`origin` is the bare repository, `base` the branch whose fast-forwards in `checkout` it follows."""

    def __init__(self, *, origin: Path, checkout: Path, base: str, database: Database, clock: Clock) -> None:
        self._origin = origin
        self._checkout = checkout
        self._base = base
        self._pulls = Pulls(database)
        self._clock = clock
        self._git = Git(origin)
        self._merging = threading.Lock()

    def repository(self) -> str:
        return self._checkout.name

    def url(self) -> str:
        return str(self._origin)

    def sync_base(self) -> str | None:
        with _reading():
            drop_stale_locks(self._origin)
            return follow(self._git, self._checkout, self._base)

    def base_sha(self, branch: str) -> str:
        sha = self.branch_sha(branch)
        if sha is None:
            raise UnreadableError(f"{str(self._origin)!r} has no branch {branch!r}")
        return sha

    def branch_sha(self, branch: str) -> str | None:
        with _reading():
            return branch_at(self._git, branch)

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str, draft: bool = False) -> PullRequest:  # noqa: ARG002
        """A draft is open like any other here: nobody but the loop merges it."""
        head_sha = self.branch_sha(branch)
        if head_sha is None:
            raise RefusedError(f"there is no branch {branch!r} to open a pull request for")
        if contains(self._git, self.base_sha(base), head_sha):
            raise RefusedError(f"{base!r} already contains {branch!r}; there is nothing to merge")
        at = self._clock.now()
        pull = self._pulls.open(branch=branch, base=base, head_sha=head_sha, title=title, body=body, at=at)
        self._keep_head(pull.shown.number, head_sha)
        return self._settled(pull).shown

    def find_pull_request(self, branch: str) -> PullRequest | None:
        pull = self._pulls.newest(branch)
        return None if pull is None else self._settled(pull).shown

    def pull_request(self, number: int) -> PullRequest:
        return self._settled(self._get(number)).shown

    def open_pull_requests(self, prefix: str) -> list[PullRequest]:
        pulls = [self._settled(pull).shown for pull in self._pulls.still_open() if pull.shown.branch.startswith(prefix)]
        return [pull for pull in pulls if pull.state is PullRequestState.OPEN]

    def merge(
        self,
        number: int,
        *,
        head_sha: str,
        base_sha: str,
        message: str,
        method: MergeMethod = MergeMethod.SQUASH,  # noqa: ARG002
    ) -> MergeAnswer:
        """Always a squash."""
        with self._merging:
            pull = self._settled(self._get(number)).shown
            if pull.head_sha != head_sha:
                raise RefusedError(f"the head of pull request {number} is {pull.head_sha}, not {head_sha}")
            if pull.state is PullRequestState.MERGED and pull.merged_sha is not None:
                return Merged(sha=pull.merged_sha)
            if pull.state is not PullRequestState.OPEN:
                raise RefusedError(f"pull request {number} is {pull.state}")
            if (current := self.base_sha(pull.base)) != base_sha:
                return BaseMoved(base_sha=current)
            return self._land(pull, base_sha, message)

    def _land(self, pull: PullRequest, base_sha: str, message: str) -> MergeAnswer:
        candidate = squash(self._git, base_sha=base_sha, head_sha=pull.head_sha, message=message)
        if isinstance(candidate, MergeConflict):
            raise GitError(("merge-tree", base_sha, pull.head_sha), 1, f"conflict in {', '.join(candidate.paths)}")
        if tree_of(self._git, candidate) == tree_of(self._git, base_sha):
            raise RefusedError(f"pull request {pull.number} changes nothing on {pull.base!r}")
        if not self._pulls.propose(pull.number, candidate):
            raise RefusedError(f"pull request {pull.number} is no longer open")
        if not move_branch(self._git, pull.base, after=candidate, before=base_sha):
            return BaseMoved(base_sha=self.base_sha(pull.base))
        self._pulls.merged(pull.number, candidate)
        return Merged(sha=candidate)

    def delete_branch(self, branch: str, *, sha: str) -> None:
        if self.branch_sha(branch) == sha:
            self._git.run("update-ref", "-d", branch_ref(branch), sha)

    def close_pull_request(self, number: int) -> None:
        self._settled(self._get(number))
        self._pulls.closed(number)

    def checks(self, sha: str) -> None:
        """A bare repository runs none."""

    def conversation(self) -> None:
        """Nobody talks about pull requests here: findings are in the ledger."""

    def _get(self, number: int) -> Pull:
        pull = self._pulls.get(number)
        if pull is None:
            raise UnreadableError(f"there is no pull request {number}")
        return pull

    def _settled(self, pull: Pull) -> Pull:
        """What the pull request is now, by the refs: merged, closed with its branch, or open at the branch's head."""
        shown = pull.shown
        if shown.state is not PullRequestState.OPEN:
            return pull
        with _reading():
            landed, head_sha = self._landed(pull), branch_at(self._git, shown.branch)
            if landed is not None:
                self._pulls.merged(shown.number, landed)
            elif head_sha is None:
                self._pulls.closed(shown.number)
            elif head_sha != shown.head_sha:
                self._pulls.follow(shown.number, head_sha)
                self._keep_head(shown.number, head_sha)
            else:
                return pull
        return self._get(shown.number)

    def _landed(self, pull: Pull) -> str | None:
        """The commit that brought it to base: the recorded candidate, or its own head where a person merged it."""
        base_sha = branch_at(self._git, pull.shown.base)
        known = (pull.candidate, pull.shown.head_sha)
        return next((sha for sha in known if sha and base_sha and contains(self._git, base_sha, sha)), None)

    def _keep_head(self, number: int, head_sha: str) -> None:
        """A ref of its own keeps the head when its branch is deleted."""
        self._git.run("update-ref", f"refs/pull/{number}/head", head_sha)


@contextmanager
def _reading() -> Iterator[None]:
    """A fact that git cannot tell is unknown."""
    try:
        yield
    except GitError as error:
        raise UnreadableError(str(error)) from error
