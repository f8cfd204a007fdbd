"""Workspaces: the directories that sessions and checks work in.

Owns: their birth in one rename, their end, the list of them. Must not: run git in one after it was handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forge_loop.errors import RefusedError
from forge_loop.git.command import EMAIL, IDENTITY, Git, is_sha
from forge_loop.git.control import ControlRepository
from forge_loop.git.harvest import harvest
from forge_loop.git.names import branch_ref
from forge_loop.git.removal import remove_tree
from forge_loop.git.salvage import salvage
from forge_loop.ports import Harvest, MergeResult

BASE_BRANCH = "base"


class LocalWorkspaces:
    """Workspaces on this host, each a directory directly below `root`, cloned from `control`."""

    def __init__(self, root: Path, control: ControlRepository) -> None:
        self._root = root
        self._control = control

    def fetch(self) -> None:
        self._control.fetch()

    def commit_exists(self, sha: str) -> bool:
        return self._control.commit_exists(sha)

    def create(self, path: Path, *, sha: str, branch: str, base_sha: str) -> None:
        self._own(path)
        for wanted in (sha, base_sha):
            if not self._control.commit_exists(wanted):
                raise RefusedError(f"{wanted!r} is no commit of the loop's repository")
        fresh, old = _beside(path, "new"), _beside(path, "old")
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_tree(fresh)
        self._clone(fresh, {branch_ref(branch): sha, branch_ref(BASE_BRANCH): base_sha}, head=branch_ref(branch))
        if path.exists() or path.is_symlink():
            remove_tree(old)
            path.rename(old)
        fresh.rename(path)
        remove_tree(old)

    def _clone(self, fresh: Path, refs: dict[str, str], *, head: str) -> None:
        with self._control.copying():
            # --no-hardlinks: a shared inode would let an agent write into the loop's own objects.
            self._control.git.run(
                *("clone", "--quiet", "--no-checkout", "--no-hardlinks", "--no-tags", "--template="),
                *("-c", f"user.name={IDENTITY}", "-c", f"user.email={EMAIL}", "-c", "gc.auto=0"),
                *(str(self._control.path), str(fresh)),
            )
        git = Git(fresh / ".git")
        git.run("remote", "remove", "origin")
        stray = git.text("for-each-ref", "--format=delete %(refname)").splitlines()
        made = [f"update {ref} {sha}" for ref, sha in refs.items()]
        kept = {f"delete {ref}" for ref in refs}
        commands = "".join(f"{line}\n" for line in (*(line for line in stray if line not in kept), *made))
        git.run("symbolic-ref", "HEAD", head)
        git.run("update-ref", "--stdin", stdin=commands.encode())
        git.run("reset", "--quiet", "--hard", environment={"GIT_WORK_TREE": str(fresh)})

    def harvest(self, path: Path, *, ref: str, base_sha: str, protected: Sequence[str]) -> Harvest:
        self._own(path)
        if not is_sha(base_sha):
            raise RefusedError(f"{base_sha!r} is no commit")
        return harvest(self._control, path, ref=ref, base_sha=base_sha, protected=protected)

    def contains(self, *, sha: str, other: str) -> bool:
        known = self._control.commit_exists(sha) and self._control.commit_exists(other)
        return known and self._control.is_ancestor(other, sha)

    def merge_result(self, *, base_sha: str, head_sha: str) -> MergeResult:
        return self._control.merge_result(base_sha=base_sha, head_sha=head_sha)

    def diff(self, *, base_sha: str, head_sha: str) -> str:
        return self._control.diff(base_sha=base_sha, head_sha=head_sha)

    def push(self, *, sha: str, branch: str, expected: str | None) -> None:
        self._control.push(sha=sha, branch=branch, expected=expected)

    def read_file(self, *, sha: str, path: str) -> str | None:
        return self._control.read_file(sha=sha, path=path)

    def salvage(self, path: Path, archive: Path) -> bool:
        self._own(path)
        return salvage(path, archive)

    def remove(self, path: Path) -> None:
        self._own(path)
        for part in (path, _beside(path, "new"), _beside(path, "old")):
            remove_tree(part)

    def existing(self) -> Sequence[Path]:
        """A name stands here too when all that is left of it is a creation or a removal ended halfway."""
        if not self._root.is_dir():
            return ()
        names = {_name(entry) for entry in self._root.iterdir() if entry.is_symlink() or entry.is_dir()}
        return tuple(self._root / name for name in sorted(names))

    def prune(self, keep: Callable[[str], bool]) -> int:
        return self._control.prune(keep)

    def _own(self, path: Path) -> None:
        if path.parent != self._root or path.name.startswith(".") or path.name in ("", ".."):
            raise RefusedError(f"{str(path)!r} is not a workspace of {str(self._root)!r}")


def _beside(path: Path, state: str) -> Path:
    return path.with_name(f".{path.name}.{state}")


def _name(entry: Path) -> str:
    return entry.name[1:].removesuffix(".new").removesuffix(".old") if entry.name.startswith(".") else entry.name
