"""The harvest: taking a workspace's commit into the loop's repository and looking at what it is.

Owns: the order of the steps and the answer. Must not: run git on the workspace's git directory, or merge anything.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from forge_loop.domain.candidate import Harvest
from forge_loop.domain.outward import closings
from forge_loop.errors import GitError
from forge_loop.git.changes import changes, lines_changed
from forge_loop.git.control import ControlRepository
from forge_loop.git.inspection import dated_ahead, problems
from forge_loop.git.leaks import leaks
from forge_loop.git.names import forge_ref
from forge_loop.git.protected import protected_paths
from forge_loop.git.quarantine import Suspicious, borrowed, checked_out
from forge_loop.git.weakened import weakened_tests
from forge_loop.git.working_files import has_uncommitted

# What git says when the objects themselves are bad; everything else (a full disk, a timeout) is not the worker's fault.
_BAD_OBJECTS = ("fsck error", "did not receive expected object", "corruption on the remote side")


def harvest(
    control: ControlRepository, workspace: Path, *, ref: str, base_sha: str, protected: Sequence[str]
) -> Harvest:
    """Take HEAD of `workspace` into `refs/forge/<ref>` of `control`. Raises GitError where git itself failed."""
    try:
        sha = checked_out(workspace)
        if sha != base_sha:
            _take(control, workspace, sha, forge_ref(ref))
    except Suspicious as reason:
        return Harvest(commit=None, uncommitted=True, problems=(str(reason),))
    uncommitted = has_uncommitted(control.path, workspace, sha)
    if sha == base_sha:
        return Harvest(commit=None, uncommitted=uncommitted)
    if not control.is_ancestor(base_sha, sha):
        return Harvest(commit=sha, uncommitted=uncommitted, problems=(f"{sha} is not built on base {base_sha}",))
    return _inspect(control, sha, base_sha, protected, uncommitted=uncommitted)


def _take(control: ControlRepository, workspace: Path, sha: str, into: str) -> None:
    with borrowed(workspace, sha, beside=control.path) as source:
        try:
            control.take(source, into=into)
        except GitError as error:
            if any(word in error.output for word in _BAD_OBJECTS) and "No space left" not in error.output:
                raise Suspicious(f"git refuses its objects: {error.output.strip()[-300:]}") from error
            raise


def _inspect(
    control: ControlRepository, sha: str, base_sha: str, protected: Sequence[str], *, uncommitted: bool
) -> Harvest:
    changed = changes(control.git, base_sha, sha)
    if not changed:
        return Harvest(commit=None, uncommitted=uncommitted)
    found = problems(control.git, changed) or leaks(control.git, base_sha, sha, changed)
    found = found or dated_ahead(control.git, base_sha, sha, time.time())
    paths = tuple(change.path for change in changed)
    return Harvest(
        commit=sha,
        uncommitted=uncommitted,
        paths=paths,
        problems=found,
        protected=protected_paths(paths, protected),
        # What is too large or misshapen is refused anyway, and is not read.
        weakened=() if found else weakened_tests(control.git, changed),
        closes=closings(control.git.run("log", "--format=%B", f"{base_sha}..{sha}").text),
        lines_changed=lines_changed(control.git, base_sha, sha),
    )
