"""Commits as dictionaries of files: enough of git for a code host and workspaces without processes.

Owns: commits, branches, ancestry, the three-way merge of whole files. Must not: know pull requests or directories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from forge_loop.errors import GitError

Files = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    parents: tuple[str, ...]
    files: Files
    message: str
    generation: int


class FakeRepository:
    """Every commit that was ever made, and where the branches of the host point."""

    def __init__(self, files: Files, *, base: str = "main") -> None:
        self.commits: dict[str, Commit] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self.branches: dict[str, str] = {base: self.commit(files, parents=(), message="Begin")}

    def commit(self, files: Files, *, parents: tuple[str, ...], message: str) -> str:
        """The commit's id; the same commit twice is one."""
        content = repr((parents, sorted(files.items()), message))
        sha = hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()
        if sha not in self.commits:
            generation = 1 + max((self.commits[parent].generation for parent in parents), default=0)
            self.commits[sha] = Commit(parents=parents, files=dict(files), message=message, generation=generation)
            self._ancestors[sha] = frozenset({sha}).union(*(self._ancestors[parent] for parent in parents))
        return sha

    def files(self, sha: str) -> Files:
        return self.commits[sha].files

    def ancestors(self, sha: str) -> frozenset[str]:
        """The commit and everything it is built on."""
        return self._ancestors[sha]

    def contains(self, sha: str, other: str) -> bool:
        """Whether `other` is `sha` or one of its ancestors."""
        return other in self._ancestors[sha]

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """The paths that differ, in order."""
        old, new = self.files(before), self.files(after)
        return tuple(sorted(path for path in {*old, *new} if old.get(path) != new.get(path)))

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that both are built on."""
        common = self._ancestors[one] & self._ancestors[other]
        if not common:
            raise GitError(("merge-base", one, other), 1, "they share nothing")
        return max(common, key=lambda sha: (self.commits[sha].generation, sha))

    def merge(self, one: str, other: str) -> tuple[dict[str, str], tuple[str, ...]]:
        """Both sides' files, and the paths that both changed differently."""
        start = self.files(self.merge_base(one, other))
        ours, theirs = self.files(one), self.files(other)
        merged, conflicts = dict(ours), []
        for path in sorted({*start, *ours, *theirs}):
            before, mine, yours = start.get(path), ours.get(path), theirs.get(path)
            if yours in (before, mine):
                continue
            if mine != before:
                conflicts.append(path)
            elif yours is None:
                merged.pop(path, None)
            else:
                merged[path] = yours
        return merged, tuple(conflicts)

    def squash(self, *, base_sha: str, head_sha: str, message: str) -> tuple[str | None, tuple[str, ...]]:
        """One commit on base that holds both, or the conflicting paths."""
        merged, conflicts = self.merge(base_sha, head_sha)
        if conflicts:
            return None, conflicts
        return self.commit(merged, parents=(base_sha,), message=message), ()
