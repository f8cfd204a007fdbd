"""A candidate: the commit a workspace yielded, and what inspecting it showed.

Owns: the facts of a harvest. Must not: run git.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Harvest:
    """A commit taken from a workspace into the loop's own repository.

    `problems` are reasons why it cannot become a candidate (a symlink that leaves the tree, a gitlink, too large, not
    based on the base); `protected` lists protected paths it touches, `weakened` the tests it deletes or skips.
    `commit` is None where the workspace holds no commit beyond its base.
    """

    commit: str | None
    uncommitted: bool
    paths: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    lines_changed: int = 0
