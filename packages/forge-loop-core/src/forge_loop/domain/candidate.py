"""A candidate: the commit a workspace yielded, what inspecting it showed, and what that means for the job.

Owns: the facts of a harvest, and the decision about it. Must not: run git.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """A commit taken from a workspace into the loop's own repository.

    `problems` are reasons why it cannot become a candidate (a symlink that leaves the tree, a gitlink, too large, not
    based on the base); `protected` lists protected paths it touches, `weakened` the tests it takes out or skips,
    `closes` what its commits' messages would close on a forge.
    `commit` is None where the workspace holds no commit beyond its base.
    """

    commit: str | None
    uncommitted: bool
    paths: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    lines_changed: int = 0


class Taken(StrEnum):
    CANDIDATE = "candidate"
    UNFINISHED = "unfinished"  # something is not committed: the session is asked once to finish
    NOTHING_NEW = "nothing_new"
    UNRESOLVED = "unresolved"  # a conflict with base was to be resolved, and base is not merged: another round
    REFUSED = "refused"


def taken(harvest: Harvest, *, head_sha: str | None, unmerged: bool, asked_to_finish: bool) -> Taken:
    """What a harvest is. `head_sha` is the candidate that there was before.

    `unmerged`: base has moved since the attempt began, and the commit is built on the base of then and not on that of
    now. What is wrong with such a commit is only that the conflict is still there.
    """
    if harvest.problems and not unmerged:
        return Taken.REFUSED
    if harvest.uncommitted and not asked_to_finish:
        return Taken.UNFINISHED
    if harvest.commit is None or harvest.commit == head_sha:
        return Taken.NOTHING_NEW
    return Taken.UNRESOLVED if unmerged else Taken.CANDIDATE
