"""The rehearsal: the whole loop on the sample repository, with a scripted model or the operator's own Claude.

Owns: the sessions' environment, running the loop until it rests, gathering what came of it. Must not: pass a real
credential to the scripted model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from forge_loop.agents.cli import claude_version
from forge_loop.bootstrap import Wired, build
from forge_loop.config.load import load
from forge_loop.domain.recorded import Recorded
from forge_loop.ports import EventSink
from forge_loop.rehearsal.ending import run_tests, unexpected, unlike, unsettled
from forge_loop.rehearsal.model import ScriptedModel
from forge_loop.rehearsal.sample import check_command, make_sample
from forge_loop.rehearsal.scenes import Scene, scenes
from forge_loop.rehearsal.script import Merges, Script
from forge_loop.rehearsal.stage import Stage
from forge_loop.rehearsal.summary import Summary, issue_summaries
from forge_loop.runner import Until

TICK_SECONDS = 1.0  # the loop is woken by its sessions; this is only how often it looks around for nothing
MADE_UP_TOKEN = "a-rehearsal-needs-no-real-token"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ")

Fault = Callable[[str, Exception], None]


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
            return _summary(stage, loop, played, live=live, began=began)
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


def _summary(stage: Stage, loop: Wired, played: Sequence[Scene], *, live: bool, began: float) -> Summary:
    origin = Path(loop.context.code_host.url())
    command = check_command(sys.executable)
    issues = issue_summaries(_events(loop))
    tests = run_tests(origin, stage.merged, loop.commands(), command)
    problems = [] if tests.passed else [f"the tests of merged main fail:\n{tests.output}"]
    problems += unlike(origin, issues)
    if live:
        problems += unsettled(issues, loop.context.store.loop().halt_reason)
    else:
        problems += unexpected(played, issues, stage.merged)
    return Summary(
        repository=origin,
        state_dir=stage.layout.root,
        seconds=time.monotonic() - began,
        command=command,
        passed=tests.passed,
        issues=issues,
        problems=tuple(problems),
    )


def _events(loop: Wired) -> Iterator[Recorded]:
    seq = 0
    while batch := loop.context.store.events.after(seq):
        yield from batch
        seq = batch[-1].seq
