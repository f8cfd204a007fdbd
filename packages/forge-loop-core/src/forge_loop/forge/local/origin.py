"""The bare repository of the local forge and its tie to the operator's checkout.

Owns: making it, following the checkout's base. Must not: move a ref, the index or a file of the checkout; the one thing
written there is the remote `forge`.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.errors import GitError, OperatorError
from forge_loop.git.bare import new_bare
from forge_loop.git.command import Git
from forge_loop.git.names import branch_ref

REMOTE = "forge"
FOLLOWED = "refs/forge/checkout"


def create_origin(origin: Path, checkout: Path, base: str) -> None:
    """Make `origin` from the checkout's `base` if it is not there, and name it in the checkout as remote `forge`."""
    if not origin.exists():
        if branch_at(git_of(checkout), base) is None:
            raise OperatorError(
                f"{str(checkout)!r} has no commit on the branch {base!r}", hint=f"commit something on {base} first"
            )
        fresh = new_bare(origin, branch=base)
        ref = branch_ref(base)
        Git(fresh).run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(checkout), f"{ref}:{ref}")
        fresh.rename(origin)
    _name_remote(git_of(checkout), origin)


def git_of(checkout: Path) -> Git:
    """git on a checkout's own directory, which may be a linked worktree or bare."""
    place = checkout / ".git"
    return Git(place if place.exists() else checkout)


def branch_at(git: Git, branch: str) -> str | None:
    """The commit of a branch, None if there is no such branch. Raises GitError where that cannot be read."""
    ref = branch_ref(branch)
    for line in git.text("for-each-ref", "--format=%(objectname) %(refname)", ref).splitlines():
        sha, _, name = line.partition(" ")
        if name == ref:
            return sha
    return None


def follow(origin: Git, checkout: Path, base: str) -> str | None:
    """Advance the origin's base to the checkout's where that is a fast-forward; else a sentence saying why not."""
    theirs, ours = branch_at(git_of(checkout), base), branch_at(origin, base)
    if theirs is None:
        return f"the checkout has no branch {base!r}"
    if theirs == ours:
        return None
    if not has_commit(origin, theirs):
        words = ("--quiet", "--no-tags", "--no-write-fetch-head")
        origin.run("fetch", *words, str(checkout), f"+{branch_ref(base)}:{FOLLOWED}")
    if ours is not None and contains(origin, ours, theirs):
        return None
    if ours is not None and not contains(origin, theirs, ours):
        return f"the checkout's {base} and the loop's have diverged; bring them together with: git pull {REMOTE} {base}"
    return _advance(origin, base, theirs, ours)


def has_commit(git: Git, sha: str) -> bool:
    return git.run("cat-file", "-t", sha, accept=(0, 128)).text == "commit"


def contains(git: Git, whole: str, part: str) -> bool:
    """Whether commit `part` is `whole` or an ancestor of it; False where `part` is not there at all."""
    return has_commit(git, part) and git.holds("merge-base", "--is-ancestor", part, whole)


def move_branch(git: Git, branch: str, *, after: str, before: str) -> bool:
    """Move a branch from `before` to `after` in one step; False, and nothing moved, if it was not at `before`."""
    try:
        git.run("update-ref", branch_ref(branch), after, before)
    except GitError:
        if branch_at(git, branch) == before:
            raise
        return False
    return True


def _advance(origin: Git, base: str, theirs: str, ours: str | None) -> str | None:
    if move_branch(origin, base, after=theirs, before=ours or "0" * len(theirs)):
        return None
    return f"the loop's {base} moved while it was brought up to the checkout's; the next tick looks again"


def _name_remote(git: Git, origin: Path) -> None:
    if REMOTE not in git.text("remote").splitlines():
        git.run("remote", "add", REMOTE, str(origin))
