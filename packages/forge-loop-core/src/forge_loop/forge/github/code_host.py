"""The code host over GitHub: branches, pull requests, merging.

Owns: the CodeHost port. Must not: merge without naming the commit, or take GitHub's silence for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from forge_loop.config.model import MergeMethod
from forge_loop.domain.host_checks import HostCheck
from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.errors import ForgeError, GitError, RefusedError, UnreadableError
from forge_loop.forge.github.checks import HostChecks
from forge_loop.forge.github.conversation import GitHubConversation
from forge_loop.forge.github.pulls import Pull, pull
from forge_loop.forge.github.reading import understood
from forge_loop.forge.github.repository import Repository
from forge_loop.forge.github.wire import Raw
from forge_loop.ports import BaseMoved, Conversation, MergeAnswer, Merged

# How often, and how many seconds apart, GitHub is asked again whether a pull request can be merged.
ASKS_AGAIN = (1.0, 2.0, 4.0)


class GitHubCodeHost:
    """`base` is the branch whose rules say which checks are required. `pause` waits while GitHub finds out."""

    def __init__(self, repository: Repository, *, base: str, pause: Callable[[float], None]) -> None:
        self._repository = repository
        self._client = repository.client
        self._path = repository.path
        self._pause = pause
        self._checks = HostChecks(repository, base)
        self._conversation = GitHubConversation(repository)

    def repository(self) -> str:
        return self._client.place.full_name

    def url(self) -> str:
        return self._client.place.git

    def sync_base(self) -> None:
        """People push to GitHub themselves; nothing of a checkout is brought there."""

    def base_sha(self, branch: str) -> str:
        sha = self.branch_sha(branch)
        if sha is None:
            raise UnreadableError(f"{self.repository()} has no branch {branch!r}")
        return sha

    def branch_sha(self, branch: str) -> str | None:
        raw = self._client.get(f"{self._path}/git/ref/heads/{quote(branch)}", accept=(404,))
        if raw.status == 404:
            self._repository.facts()
            return None
        with understood("a branch"):
            data = raw.data
            return str(data["object"]["sha"]) if data["ref"] == f"refs/heads/{branch}" else None

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str, draft: bool = False) -> PullRequest:
        known = self._open_one(branch, base)
        if known is not None:
            return known
        wanted = {"title": title, "head": branch, "base": base, "body": body}
        answer = self._client.write("POST", f"{self._path}/pulls", {**wanted, "draft": draft}, accept=(422,))
        if answer.status == 422 and draft:
            # Not every plan has drafts; a pull request that nobody marked is only less polite.
            answer = self._client.write("POST", f"{self._path}/pulls", wanted, accept=(422,))
        if answer.status != 422:
            return pull(answer.data).shown
        known = self._open_one(branch, base)
        if known is None:
            raise RefusedError(f"GitHub opens no pull request of {branch!r} to {base!r}: {_errors(answer)}")
        return known

    def find_pull_request(self, branch: str) -> PullRequest | None:
        found = self._pulls({"head": self._head(branch), "state": "all"})
        mine = [one for one in found if one.branch == branch]
        return self.pull_request(max(one.number for one in mine)) if mine else None

    def pull_request(self, number: int) -> PullRequest:
        return self._pull(number).shown

    def open_pull_requests(self, prefix: str) -> Sequence[PullRequest]:
        found = self._pulls({"state": "open", "sort": "created", "direction": "asc"})
        return sorted((one for one in found if one.branch.startswith(prefix)), key=lambda one: one.number)

    def merge(
        self,
        number: int,
        *,
        head_sha: str,
        base_sha: str,
        message: str,
        method: MergeMethod = MergeMethod.SQUASH,
    ) -> MergeAnswer:
        """The base is read just before: only a rule of the branch makes that certain, GitHub has no such condition."""
        before = self._pull(number)
        shown = before.shown
        if shown.head_sha != head_sha:
            raise RefusedError(f"the head of pull request {number} is {shown.head_sha}, not {head_sha}")
        if (merged := _merged(before)) is not None:
            return merged
        _require_mergeable(before)
        if (current := self.base_sha(shown.base)) != base_sha:
            return BaseMoved(base_sha=current)
        title, _, text = message.strip().partition("\n")
        body = {
            "sha": head_sha,
            "merge_method": str(method),
            "commit_title": title.strip(),
            "commit_message": text.strip(),
        }
        return self._merged_by(number, base_sha, body)

    def _merged_by(self, number: int, base_sha: str, body: Mapping[str, str]) -> MergeAnswer:
        try:
            answer = self._client.write("PUT", f"{self._path}/pulls/{number}/merge", body, accept=(405, 409, 422))
        except RefusedError:
            raise
        except ForgeError:
            # It may have been done: a look decides, and where that fails the effect stays open.
            if (merged := _merged(self._pull(number))) is not None:
                return merged
            raise
        if answer.status == 200:
            with understood("the merge"):
                return Merged(sha=str(answer.data["sha"]))
        return self._why_not(number, base_sha, body["sha"], answer)

    def _why_not(self, number: int, base_sha: str, head_sha: str, answer: Raw) -> MergeAnswer:
        """GitHub's no has few words: what stands there now says which of them it was."""
        after = self._settled(number)
        if (merged := _merged(after)) is not None:
            return merged
        if after.shown.head_sha != head_sha:
            raise RefusedError(f"the head of pull request {number} is {after.shown.head_sha}, not {head_sha}")
        _require_mergeable(after)
        if (current := self.base_sha(after.shown.base)) != base_sha:
            return BaseMoved(base_sha=current)
        if after.mergeable is False:
            words = ("merge", str(number))
            raise GitError(words, 1, f"conflict between pull request {number} and {after.shown.base}")
        raise RefusedError(f"GitHub does not merge pull request {number} ({answer.status}): {_errors(answer)}")

    def _settled(self, number: int) -> Pull:
        """A pull request once GitHub knows whether it can be merged; as it is where that takes too long."""
        found = self._pull(number)
        for wait in ASKS_AGAIN:
            if found.mergeable is not None or found.shown.state is not PullRequestState.OPEN:
                return found
            self._pause(wait)
            found = self._pull(number)
        return found

    def delete_branch(self, branch: str, *, sha: str) -> None:
        if self.branch_sha(branch) == sha:
            answer = self._client.write("DELETE", f"{self._path}/git/refs/heads/{quote(branch)}", accept=(404, 422))
            if answer.status >= 400 and self.branch_sha(branch) == sha:
                raise RefusedError(f"GitHub does not delete the branch {branch!r} ({answer.status})")

    def close_pull_request(self, number: int) -> None:
        if self._pull(number).shown.state is PullRequestState.OPEN:
            self._client.write("PATCH", f"{self._path}/pulls/{number}", {"state": "closed"})

    def checks(self, sha: str) -> Sequence[HostCheck]:
        return self._checks.of(sha)

    def sees_check_runs(self, sha: str) -> bool:
        """Whether the token may look at them."""
        return self._checks.sees_check_runs(sha)

    def conversation(self) -> Conversation:
        return self._conversation

    def _head(self, branch: str) -> str:
        """Without its owner GitHub would filter nothing."""
        return f"{self._client.place.owner}:{branch}"

    def _open_one(self, branch: str, base: str) -> PullRequest | None:
        found = self._pulls({"head": self._head(branch), "base": base, "state": "open"})
        mine = [one for one in found if (one.branch, one.base) == (branch, base)]
        return mine[0] if mine else None

    def _pulls(self, params: Mapping[str, str]) -> list[PullRequest]:
        """Those of this repository's own branches: a fork's branch may have any name."""
        listed = self._client.pages(f"{self._path}/pulls", params) or []
        return [found.shown for found in map(pull, listed) if found.shown.ours]

    def _pull(self, number: int) -> Pull:
        raw = self._client.get(f"{self._path}/pulls/{number}")
        if not self._repository.holds(raw):
            raise UnreadableError(f"pull request {number} is not in {self.repository()} any more")
        return pull(raw.data)


def _merged(found: Pull) -> Merged | None:
    shown = found.shown
    if shown.state is not PullRequestState.MERGED:
        return None
    if shown.merged_sha is None:
        raise UnreadableError(f"pull request {shown.number} is merged, and GitHub does not say as which commit")
    return Merged(sha=shown.merged_sha)


def _require_mergeable(found: Pull) -> None:
    shown = found.shown
    if shown.state is not PullRequestState.OPEN:
        raise RefusedError(f"pull request {shown.number} is {shown.state}")
    if shown.draft:
        raise RefusedError(f"pull request {shown.number} is still a draft")
    if not shown.ours:
        raise RefusedError(f"pull request {shown.number} is of another repository's branch")
    if found.stacked:
        raise RefusedError(f"pull request {shown.number} is part of a stack: merging it would merge others as well")


def _errors(answer: Raw) -> str:
    """What GitHub says, and of which field."""
    with understood("a refusal"):
        said = [str(answer.data.get("message", ""))]
        for entry in answer.data.get("errors") or ():
            if isinstance(entry, Mapping):
                said.append(str(entry.get("message") or f"{entry.get('field')} {entry.get('code')}"))
        return "; ".join(said)[:500]
