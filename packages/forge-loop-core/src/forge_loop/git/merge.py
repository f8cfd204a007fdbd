"""Merging two commits of a bare repository into one squash commit.

Owns: the merge, that it is the same commit every time, the list of conflicts. Must not: move a ref.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from forge_loop.errors import GitError
from forge_loop.git.command import Git, dates, is_sha


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeConflict:
    paths: tuple[str, ...]


def merge_tree(git: Git, *, base_sha: str, head_sha: str) -> str | MergeConflict:
    """The tree of the two merged, or the paths that conflict. Raises GitError for what is no commit."""
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", base_sha, head_sha)
    answer = git.run(*words, accept=(0, 1))
    first, *rest = answer.fields or [b""]
    # A commit that is not there is status 1 as well, with no tree: the first field decides, not the status.
    if not is_sha(first.decode("ascii", "replace")):
        raise GitError(words, answer.status, answer.stderr)
    if answer.status == 0:
        return first.decode()
    return MergeConflict(paths=tuple(dict.fromkeys(name.decode("utf-8", "backslashreplace") for name in rest if name)))


def squash(git: Git, *, base_sha: str, head_sha: str, message: str) -> str | MergeConflict:
    """A commit with the one parent `base_sha` that holds both, or the paths that conflict.

    Its date is the later one of the two commits, so that doing it again makes the same commit.
    """
    tree = merge_tree(git, base_sha=base_sha, head_sha=head_sha)
    if isinstance(tree, MergeConflict):
        return tree
    return commit_tree(git, tree=tree, parent=base_sha, message=message, when=later_date(git, base_sha, head_sha))


def commit_tree(git: Git, *, tree: str, parent: str, message: str, when: datetime) -> str:
    text = message.replace("\0", "").strip() + "\n"
    answer = git.run(
        "commit-tree", tree, "-p", parent, "-F", "-", stdin=text.encode("utf-8", "replace"), environment=dates(when)
    )
    return answer.text


def tree_of(git: Git, sha: str) -> str:
    return git.text("rev-parse", "--verify", "--quiet", f"{sha}^{{tree}}")


def later_date(git: Git, *shas: str) -> datetime:
    """The latest committer date of these commits. A date that no clock shows (forged) counts as 1970."""
    seconds = [int(git.text("show", "-s", "--format=%ct", sha) or "0") for sha in shas]
    return datetime.fromtimestamp(max((s for s in seconds if 0 <= s < 2**35), default=0), UTC)
