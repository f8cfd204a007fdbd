"""The rehearsal: the whole loop on the sample repository, with a scripted model or the operator's own Claude.

Owns: the places, the sessions' environment, running the loop until it rests, judging what came of it. Must not: pass a
real credential to the scripted model, or call anything right that was not looked at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forge_loop.agents.cli import claude_version
from forge_loop.bootstrap import Wired, build
from forge_loop.config.layout import StateLayout
from forge_loop.config.load import load
from forge_loop.domain.events import Recorded
from forge_loop.domain.job import JobState
from forge_loop.errors import OperatorError
from forge_loop.git.command import Git
from forge_loop.ports import EventSink
from forge_loop.rehearsal.model import ScriptedModel
from forge_loop.rehearsal.sample import BASE, check_command, make_sample
from forge_loop.rehearsal.scenes import Scene, scenes
from forge_loop.rehearsal.script import Merges, Script
from forge_loop.rehearsal.summary import IssueSummary, Summary, issue_summaries
from forge_loop.runner import Until

TICK_SECONDS = 1.0  # the loop is woken by its sessions; this is only how often it looks around for nothing
TESTS_SECONDS = 120.0
MADE_UP_TOKEN = "a-rehearsal-needs-no-real-token"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ")

Fault = Callable[[str, Exception], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where a rehearsal takes place, below one directory."""

    root: Path

    @property
    def project(self) -> Path:
        """The operator's checkout."""
        return self.root / "larder"

    @property
    def layout(self) -> StateLayout:
        return StateLayout(self.root / "state")

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def merged(self) -> Path:
        """A clone of what was merged, in which its tests are run."""
        return self.root / "merged"


def claim(root: Path) -> Stage:
    """The stage at `root`, created. Raises OperatorError if something is there already."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise OperatorError(f"{str(root)!r} is not empty", hint="name a directory that does not exist yet")
    except OSError as error:
        raise OperatorError(f"{str(root)!r} cannot be used: {error.strerror}") from None
    stage = Stage(root=root.resolve())
    stage.home.mkdir(mode=0o700)
    return stage


def claude(stage: Stage, environ: Mapping[str, str]) -> str:
    """The version of the Claude Code that the sessions will run. Raises AgentError if it cannot run here."""
    return claude_version({"PATH": environ.get("PATH", ""), "HOME": str(stage.home)})


def rehearse(
    stage: Stage, *, parallel: int, live: bool, environ: Mapping[str, str], watch: EventSink, on_fault: Fault
) -> Summary:
    """Play it all and look at what came of it. `live` uses the operator's own Claude, with whatever outcome."""
    began = time.monotonic()
    played = scenes()
    make_sample(stage.project, python=sys.executable, scenes=played)
    merges = Merges(scene.number for scene in played)
    with _model(Script(played, python=sys.executable, merges=merges), environ, stage, live=live) as sessions_environ:
        flags = {"scheduling.parallel": parallel, "scheduling.tick_seconds": TICK_SECONDS}
        loop = build(
            project=stage.project,
            settings=load(stage.project, environ=sessions_environ, flags=flags).settings,
            layout=stage.layout,
            environ=sessions_environ,
            sinks=[merges, watch],
            on_fault=on_fault,
        )
        try:
            loop.runner.run(Until(idle=True))
            return _judge(stage, loop, played, live=live, began=began)
        finally:
            loop.close()


@contextmanager
def _model(script: Script, environ: Mapping[str, str], stage: Stage, *, live: bool) -> Iterator[Mapping[str, str]]:
    """What the sessions' environment is made from: the operator's own, or one that leads to the scripted model."""
    if live:
        yield environ
        return
    with ScriptedModel(script) as model:
        yield scripted_environment(environ, home=stage.home, url=model.url)


def scripted_environment(environ: Mapping[str, str], *, home: Path, url: str) -> dict[str, str]:
    """Nothing of the operator's but paths and language: no credential, no proxy that would send loopback elsewhere."""
    return {
        **{name: environ[name] for name in PASSED_ON if name in environ},
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": url,
        "CLAUDE_CODE_OAUTH_TOKEN": MADE_UP_TOKEN,
        "CLAUDE_CODE_MAX_RETRIES": "2",
    }


def _judge(stage: Stage, loop: Wired, played: Sequence[Scene], *, live: bool, began: float) -> Summary:
    issues = issue_summaries(_events(loop))
    command = check_command(sys.executable)
    passed, output = _merged_passes(stage, loop, command)
    problems = [] if passed else [f"the tests of merged main fail:\n{output}"]
    problems += _unsettled(loop, issues) if live else _unexpected(stage, played, issues)
    problems += _unlike(stage, issues)
    return Summary(
        repository=stage.layout.origin,
        state_dir=stage.layout.root,
        seconds=time.monotonic() - began,
        command=command,
        passed=passed,
        issues=issues,
        problems=tuple(problems),
    )


def _events(loop: Wired) -> Iterator[Recorded]:
    seq = 0
    while batch := loop.context.store.events.after(seq):
        yield from batch
        seq = batch[-1].seq


def _merged_passes(stage: Stage, loop: Wired, command: str) -> tuple[bool, str]:
    """Run the sample's own tests on a fresh clone of what is on main now."""
    origin = stage.layout.origin
    Git(origin).run("clone", "--quiet", "--template=", f"--branch={BASE}", str(origin), str(stage.merged))
    result = loop.context.commands.run(command, directory=stage.merged, timeout=TESTS_SECONDS)
    return result.passed, result.output


def _unlike(stage: Stage, issues: Sequence[IssueSummary]) -> list[str]:
    """Main holds one commit for every issue that is said to be merged, and nothing else but the first."""
    said = {issue.commit for issue in issues if issue.commit}
    found = Git(stage.layout.origin).text("rev-list", "--first-parent", BASE).splitlines()
    return [] if said == set(found[:-1]) else [f"main does not hold what the events say: {found!r}"]


def _unexpected(stage: Stage, played: Sequence[Scene], issues: Sequence[IssueSummary]) -> list[str]:
    """How the issues' ends differ from the script, and what of a blocked one is in main all the same."""
    ends = {issue.issue: issue for issue in issues}
    problems = []
    for scene in played:
        end = ends.get(scene.number)
        if end is None:
            problems.append(f"issue #{scene.number} was never taken in")
        elif end.outcome is not scene.expected:
            problems.append(f"issue #{scene.number} is {end.outcome}, not {scene.expected}: {end.reason}")
        if scene.expected is not JobState.MERGED:
            problems += [f"main holds {file}, which was never approved" for file in _left(stage, scene)]
    return problems


def _left(stage: Stage, scene: Scene) -> list[str]:
    files = [write.file for played in scene.rounds for write in played.writes]
    return [file for file in files if (stage.merged / file).exists()]


def _unsettled(loop: Wired, issues: Sequence[IssueSummary]) -> list[str]:
    """With a real model any end is an end; what stopped short of one failed for a reason that is not the work's."""
    halted = loop.context.store.loop().halt_reason
    problems = [f"the loop is halted: {halted}"] if halted else []
    rests = [issue for issue in issues if not issue.outcome.terminal]
    return problems + [f"issue #{issue.issue} is {issue.outcome}: {issue.reason}" for issue in rests]
