"""What came of a rehearsal: everything that is not as it should be.

Owns: running merged main's own tests, and comparing main and the issues' ends with the script. Must not: call anything
right that was not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forge_loop.domain.job import JobState
from forge_loop.git.command import Git
from forge_loop.ports import CommandResult, Commands
from forge_loop.rehearsal.sample import BASE
from forge_loop.rehearsal.scenes import Scene
from forge_loop.rehearsal.summary import IssueSummary

TESTS_SECONDS = 120.0


def run_tests(origin: Path, merged: Path, commands: Commands, command: str) -> CommandResult:
    """Run the sample's own tests on a fresh clone of what is on main now."""
    Git(origin).run("clone", "--quiet", "--template=", f"--branch={BASE}", str(origin), str(merged))
    return commands.run(command, directory=merged, timeout=TESTS_SECONDS)


def unlike(origin: Path, issues: Sequence[IssueSummary]) -> list[str]:
    """Main must hold one commit for every issue that is said to be merged, and nothing else but the first."""
    said = sorted(issue.commit for issue in issues if issue.commit)
    found = Git(origin).text("rev-list", "--first-parent", BASE).splitlines()
    return [] if said == sorted(found[:-1]) else [f"main holds {found!r}, and the events tell of {said!r}"]


def unexpected(played: Sequence[Scene], issues: Sequence[IssueSummary], merged: Path) -> list[str]:
    """How the issues' ends differ from the script, and what of a blocked one is in main all the same."""
    ends = {issue.issue: issue for issue in issues}
    problems = []
    for scene in played:
        end = ends.get(scene.number)
        if end is None:
            problems.append(f"issue #{scene.number} was never taken in")
        elif end.outcome is not scene.expected:
            why = f": {end.reason}" if end.reason else ""
            problems.append(f"issue #{scene.number} is {end.outcome}, not {scene.expected}{why}")
        if scene.expected is not JobState.MERGED:
            problems += [
                f"main holds {file}, which was blocked" for file in _written(scene) if (merged / file).exists()
            ]
    return problems


def _written(scene: Scene) -> list[str]:
    return [write.file for played in scene.rounds for write in played.writes]


def unsettled(issues: Sequence[IssueSummary], halted: str | None) -> list[str]:
    """With a real model any end is an end; what stopped short of one failed for a reason that is not the work's."""
    problems = [f"the loop is halted: {halted}"] if halted else []
    rests = [issue for issue in issues if not issue.outcome.terminal]
    return problems + [f"issue #{issue.issue} is {issue.outcome}: {issue.reason}" for issue in rests]
