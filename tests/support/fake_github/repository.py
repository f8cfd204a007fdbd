"""The bare repository behind the fake: what git knows of branches, differences and merges.

Owns: reading heads on every request, so that a push moves them; pull requests following their branches; writing merge
commits. Must not: know HTTP.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from support.fake_github.state import Pull, State, Ticket
from support.repositories import git

CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\s+#(\d+)", re.IGNORECASE)
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    name: str
    status: str
    patch: str

    def lines(self) -> set[int]:
        """The lines of the new file that a review may speak of."""
        found, at = set(), 0
        for line in self.patch.split("\n"):
            start = _HUNK.match(line)
            if start is not None:
                at = int(start[1])
            elif line[:1] in ("+", " "):
                found.add(at)
                at += 1
        return found


class Repository:
    def __init__(self, state: State) -> None:
        self._state = state

    def branches(self) -> dict[str, str]:
        listed = git(self._state.bare, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/")
        pairs = (line.split(" ", 1) for line in listed.splitlines())
        return {name.removeprefix("refs/heads/"): sha for sha, name in pairs}

    def has(self, sha: str) -> bool:
        return self._holds("cat-file", "-e", f"{sha}^{{commit}}")

    def contains(self, whole: str, part: str) -> bool:
        return self._holds("merge-base", "--is-ancestor", part, whole)

    def _holds(self, *words: str) -> bool:
        command = ["git", f"--git-dir={self._state.bare}", *words]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0

    def files(self, pull: Pull) -> list[File]:
        span = f"{pull.base_sha}...{pull.head_sha}"
        listed = git(self._state.bare, "diff", "--name-status", "--no-renames", span)
        words = {"A": "added", "D": "removed"}
        found = []
        for line in listed.splitlines():
            status, name = line.split("\t", 1)
            text = git(self._state.bare, "diff", "--no-renames", span, "--", name)
            _, at, hunks = text.partition("\n@@")
            found.append(File(name=name, status=words.get(status, "modified"), patch=(at + hunks).strip("\n")))
        return found

    def diff(self, pull: Pull) -> str:
        return git(self._state.bare, "diff", f"{pull.base_sha}...{pull.head_sha}")

    def refresh(self) -> None:
        """What every push, deletion and merge by hand means for the pull requests that are open."""
        branches = self.branches()
        for ticket in self._state.tickets.values():
            if ticket.pull is not None and ticket.open and ticket.pull.fork is None:
                self._follow(ticket, ticket.pull, branches)

    def _follow(self, ticket: Ticket, pull: Pull, branches: dict[str, str]) -> None:
        state, head, base = self._state, branches.get(pull.branch), branches.get(pull.base)
        if (head, base) == (pull.head_sha, pull.base_sha):
            return
        if base is not None and base != pull.base_sha:
            pull.base_sha, pull.mergeable, pull.asked = base, None, False
            if self.contains(base, head or pull.head_sha):
                pull.merged_sha, pull.mergeable = head or pull.head_sha, False
                state.close(ticket, ticket.author, None)
                return
        if head is None:
            state.close(ticket, ticket.author, None)
        elif head != pull.head_sha:
            pull.head_sha, pull.mergeable, pull.asked = head, None, False
            ticket.updated_at = state.stamp()
            self.keep(ticket.number, head)
            if state.on_head is not None:
                state.on_head(head)

    def keep(self, number: int, head: str) -> None:
        git(self._state.bare, "update-ref", f"refs/pull/{number}/head", head)

    def mergeable(self, pull: Pull) -> bool | None:
        """Not known at the first look after a push; then what git says."""
        if not pull.asked:
            pull.asked = True
            return None
        if pull.mergeable is None:
            pull.mergeable = self._holds("merge-tree", "--write-tree", pull.base_sha, pull.head_sha)
        return pull.mergeable

    def conflicts(self, pull: Pull) -> bool:
        return not self._holds("merge-tree", "--write-tree", pull.base_sha, pull.head_sha)

    def merge(self, ticket: Ticket, pull: Pull, *, method: str, message: str) -> str:
        bare = self._state.bare
        tree = git(bare, "merge-tree", "--write-tree", pull.base_sha, pull.head_sha).split("\n")[0]
        parents = ["-p", pull.base_sha] + (["-p", pull.head_sha] if method == "merge" else [])
        sha = git(bare, "commit-tree", tree, *parents, "-F", "-", stdin=message.strip() + "\n")
        git(bare, "update-ref", f"refs/heads/{pull.base}", sha, pull.base_sha)
        pull.merged_sha, pull.mergeable = sha, False
        self._state.close(ticket, ticket.author, None)
        if pull.base == self._state.base:
            self._close_named(ticket, message)
        return sha

    def _close_named(self, ticket: Ticket, message: str) -> None:
        """Closing keywords act only where the default branch is reached."""
        for number in CLOSES.findall(f"{ticket.body}\n{message}"):
            named = self._state.tickets.get(int(number))
            if named is not None and named.pull is None:
                self._state.close(named, ticket.author)
