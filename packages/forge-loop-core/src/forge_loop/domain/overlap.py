"""Which jobs are expected to change the same files, so that they are not worked on side by side while others wait.

Owns: what a job is expected to change, and whether two of these meet. Must not: hold a job back for good: where nothing
else waits, jobs that meet run all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forge_loop.domain.reason import Reason

MOST_PATHS = 1000
MOST_PASSED_OVER = 50  # waiting jobs that are looked at for one that meets nobody


@dataclass(frozen=True, kw_only=True, slots=True)
class Territory:
    """Files and directories that a job is expected to change, as paths in the repository."""

    job: int
    issue: int
    paths: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """The job that is being worked on, or whose pull request is open, and the file where the two meet."""

    with_issue: int
    path: str


def meeting(waiting: Territory, at_work: Iterable[Territory]) -> Meeting | None:
    """Where a waiting job meets one at work: the oldest such job, its first path. None: it meets nobody."""
    for other in sorted(at_work, key=lambda each: each.job):
        path = None if other.job == waiting.job else _shared(waiting.paths, other.paths)
        if path is not None:
            return Meeting(with_issue=other.issue, path=path)
    return None


def reason(found: Meeting) -> Reason:
    """Why others go first."""
    text = (
        f"it is expected to change {found.path}, and so does #{found.with_issue}: other jobs go first until that rests"
    )
    return Reason(code="overlap", text=text)


def _shared(ours: frozenset[str], theirs: frozenset[str]) -> str | None:
    """The first path that both hold, or that one holds and lies below a directory of the other's."""
    met = [path for path in ours if path in theirs or _below(path, theirs)]
    met += [path for path in theirs if _below(path, ours)]
    return min(met, default=None)


def _below(path: str, directories: frozenset[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:depth]) in directories for depth in range(1, len(parts)))
