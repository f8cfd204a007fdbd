"""Workspaces without git: an empty directory each, whose files are kept in memory.

Owns: the fake of the Workspaces port that passes the same contract as the real one, and a worker's hands in a clone.
Must not: run a process.
"""

from __future__ import annotations

import difflib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_loop.errors import RefusedError
from forge_loop.git.protected import protected_paths
from forge_loop.ports import Clock, Harvest, MergeResult
from support.fake_repository import FakeRepository


@dataclass(kw_only=True, slots=True)
class Clone:
    """What stands in a workspace: `files` is the working tree, `head` and `base` commits."""

    branch: str
    head: str
    base: str
    files: dict[str, str]


class FakeWorkspaces:
    """Directories below `root`; `known` is what `control.git` holds. Lives as long as the outside world does.

    `merges` maps every merge result to the pairs of base and head that yield it.
    """

    def __init__(self, root: Path, repository: FakeRepository, clock: Clock) -> None:
        self.clones: dict[Path, Clone] = {}
        self.refs: dict[str, str] = {}
        self.merges: dict[str, set[tuple[str, str]]] = {}
        self._root = root
        self._repository = repository
        self._clock = clock
        self._known: set[str] = set()

    def fetch(self) -> None:
        for sha in self._repository.branches.values():
            self._known |= self._repository.ancestors(sha)

    def commit_exists(self, sha: str) -> bool:
        return sha in self._known

    def create(self, path: Path, *, sha: str, branch: str, base_sha: str) -> None:
        self._own(path)
        for wanted in (sha, base_sha):
            if not self.commit_exists(wanted):
                raise RefusedError(f"{wanted!r} is no commit of the loop's repository")
        path.mkdir(parents=True, exist_ok=True)
        self.clones[path] = Clone(branch=branch, head=sha, base=base_sha, files=dict(self._repository.files(sha)))
        self._touch(path)

    def harvest(self, path: Path, *, ref: str, base_sha: str, protected: Sequence[str]) -> Harvest:
        clone = self._clone(path)
        uncommitted = clone.files != self._repository.files(clone.head)
        if clone.head == base_sha:
            return Harvest(commit=None, uncommitted=uncommitted)
        self.refs[ref] = clone.head
        self._known |= self._repository.ancestors(clone.head)
        if not self._repository.contains(clone.head, base_sha):
            problem = f"{clone.head} is not built on base {base_sha}"
            return Harvest(commit=clone.head, uncommitted=uncommitted, problems=(problem,))
        return self._inspected(clone.head, base_sha, protected, uncommitted=uncommitted)

    def _inspected(self, head: str, base_sha: str, protected: Sequence[str], *, uncommitted: bool) -> Harvest:
        paths = self._repository.changed(base_sha, head)
        if not paths:
            return Harvest(commit=None, uncommitted=uncommitted)
        before, after = self._repository.files(base_sha), self._repository.files(head)
        lines = [
            line
            for path in paths
            for line in difflib.ndiff(before.get(path, "").splitlines(), after.get(path, "").splitlines())
        ]
        return Harvest(
            commit=head,
            uncommitted=uncommitted,
            paths=paths,
            protected=protected_paths(paths, protected),
            lines_changed=sum(line[0] in "+-" for line in lines),
        )

    def contains(self, *, sha: str, other: str) -> bool:
        return self.commit_exists(sha) and self.commit_exists(other) and self._repository.contains(sha, other)

    def merge_result(self, *, base_sha: str, head_sha: str) -> MergeResult:
        sha, conflicts = self._repository.squash(base_sha=base_sha, head_sha=head_sha, message="To be checked")
        if sha is not None:
            self._known.add(sha)
            self.merges.setdefault(sha, set()).add((base_sha, head_sha))
        return MergeResult(commit=sha, conflicts=conflicts)

    def diff(self, *, base_sha: str, head_sha: str) -> str:
        start = self._repository.merge_base(base_sha, head_sha)
        before, after = self._repository.files(start), self._repository.files(head_sha)
        changed = self._repository.changed(start, head_sha)
        return "".join(
            line
            for path in changed
            for line in difflib.unified_diff(
                before.get(path, "").splitlines(keepends=True), after.get(path, "").splitlines(keepends=True), path
            )
        )

    def push(self, *, sha: str, branch: str, expected: str | None) -> None:
        current = self._repository.branches.get(branch)
        if not self.commit_exists(sha):
            raise RefusedError(f"{sha!r} is no commit of the loop's repository")
        if current not in (sha, expected):
            raise RefusedError(f"{branch!r} is at {current}, not at {expected}")
        self._repository.branches[branch] = sha

    def read_file(self, *, sha: str, path: str) -> str | None:
        return self._repository.files(sha).get(path)

    def salvage(self, path: Path, archive: Path) -> bool:
        clone = self.clones.get(path)
        if clone is None:
            return False
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            for name, text in sorted(clone.files.items()):
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                tar.addfile(entry, io.BytesIO(text.encode()))
        return True

    def remove(self, path: Path) -> None:
        self._own(path)
        self.clones.pop(path, None)
        shutil.rmtree(path, ignore_errors=True)

    def existing(self) -> list[Path]:
        return sorted(self._root.iterdir()) if self._root.is_dir() else []

    def prune(self, keep: Callable[[str], bool]) -> int:
        gone = [name for name in self.refs if not keep(name)]
        for name in gone:
            del self.refs[name]
        return len(gone)

    def writes(self, path: Path, files: Mapping[str, str | None]) -> None:
        """A session changes files without committing them; None deletes one."""
        tree = self._clone(path).files
        for name, text in files.items():
            if text is None:
                tree.pop(name, None)
            else:
                tree[name] = text
        self._touch(path)

    def commits(self, path: Path, files: Mapping[str, str | None], message: str = "Change it") -> str:
        """A session writes these files and commits everything."""
        self.writes(path, files)
        clone = self._clone(path)
        clone.head = self._repository.commit(clone.files, parents=(clone.head,), message=message)
        return clone.head

    def descends(self, path: Path) -> bool:
        """Whether the workspace's HEAD is built on its `base`."""
        clone = self._clone(path)
        return self._repository.contains(clone.head, clone.base)

    def merges_base(self, path: Path) -> str:
        """A session merges `base` into its branch; its own side wins."""
        clone = self._clone(path)
        merged = {**self._repository.merge(clone.head, clone.base)[0]}
        clone.files = merged
        clone.head = self._repository.commit(merged, parents=(clone.head, clone.base), message="Merge base")
        self._touch(path)
        return clone.head

    def _clone(self, path: Path) -> Clone:
        if path not in self.clones:
            raise RefusedError(f"there is no workspace {str(path)!r}")
        return self.clones[path]

    def _touch(self, path: Path) -> None:
        """The directory's time is the simulated one: the watchdog looks at it."""
        stamp = self._clock.now().timestamp()
        os.utime(path, (stamp, stamp))

    def _own(self, path: Path) -> None:
        if path.parent != self._root:
            raise RefusedError(f"{str(path)!r} is no workspace of the loop's")
