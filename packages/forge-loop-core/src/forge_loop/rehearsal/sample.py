"""The sample project: a git repository made on the spot, with approved issues as Markdown files.

Owns: laying out the files of `larder/project/`, the first commit, the project's check, its issues. Must not: run the
loop, or touch anything outside the directory it is given.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path

from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.git.command import Git
from forge_loop.rehearsal.scenes import LARDER, Scene

READY = "loop:ready"
SUFFIX = ".txt"  # the sample's files are data here, so no tool takes them for modules of this package
BASE = "main"


def check_command(python: str) -> str:
    """The sample's own tests, run by this very interpreter: it is the one that is sure to be there."""
    return f"{shlex.quote(python)} -m unittest -q"


def lay_out(directory: Path, *, python: str) -> None:
    """Write the project's files and its configuration. `directory` must not exist."""
    source = LARDER / "project"
    for file in sorted(path for path in source.rglob(f"*{SUFFIX}") if path.is_file()):
        target = directory / str(file.relative_to(source)).removesuffix(SUFFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    with (directory / "forge-loop.yaml").open("a", encoding="utf-8") as configuration:
        configuration.write(f"checks: {json.dumps([check_command(python)])}\n")


def make_sample(directory: Path, *, python: str, scenes: Iterable[Scene]) -> None:
    """The project as a git repository with one commit on `main`, and an approved issue for every scene."""
    lay_out(directory, python=python)
    git = Git(directory / ".git")
    worktree = {"GIT_WORK_TREE": str(directory)}
    git.run("init", "--quiet", f"--initial-branch={BASE}", "--template=", environment=worktree)
    git.run("add", "--all", environment=worktree)
    git.run("commit", "--quiet", "--message=Write shopping lists from recipes", environment=worktree)
    add_issues(directory, scenes)


def add_issues(directory: Path, scenes: Iterable[Scene]) -> None:
    """The operator's hand: issues are written and approved here, never by the loop."""
    init_backlog(directory)
    tracker = BacklogTracker(directory)
    for scene in scenes:
        number = tracker.add(scene.title, scene.body, labels=[READY])
        assert number == scene.number, f"scene {scene.number} became issue {number}"
