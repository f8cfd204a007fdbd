"""A whole loop in a process of its own: the real command line, the real Claude Code, a scripted model; held in a phase.

Owns: starting it, holding it in the phase a test names, letting it go on. Must not: leave a process behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from forge_loop.agents.environment import LOOP_MARKER
from forge_loop.agents.processes import Process, marked, signal_process
from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use
from support.command_line import Place
from support.runner_world import FULL_BODY
from support.scripted import APPROVAL, WORK, commit_command

WAIT = 120.0
TOOL_RUNS = "until [ -e {go} ]; do touch {here}; sleep 0.1; done"


class HeldLoop:
    """One issue, one job. `phase` is where the first life is held; `release` lets every later one pass."""

    def __init__(self, place: Place, phase: str, *, command: str = "") -> None:
        self.place = place
        self.phase = phase
        self.reached = threading.Event()
        self.go = threading.Event()
        self.marks = place.state.parent / "marks"
        self.marks.mkdir()
        self._command = command or TOOL_RUNS.format(go=self.marks / "go", here=self.marks / "here")
        self.model = ScriptedModel(self._answer)

    def prepare(self) -> None:
        self.place.init()
        self.place.tracker.add(title="Say hello", body=FULL_BODY, labels=("loop:ready",))
        hold = TOOL_RUNS.format(go=self.marks / "go", here=self.marks / "here") if self.phase == "checking" else "true"
        config = self.place.project / "forge-loop.yaml"
        lines = [line for line in config.read_text().splitlines() if not line.startswith("checks:")]
        # The untouched base is checked too, and there nothing holds.
        lines.append(f"checks: ['test ! -e hello.txt || {{ {hold}; }}']")
        config.write_text("\n".join(lines) + "\n")

    def environ(self, sandbox: str) -> dict[str, str]:
        return {
            **os.environ,
            "ANTHROPIC_BASE_URL": self.model.url,
            "CLAUDE_CODE_MAX_RETRIES": "1",
            "FORGE_LOOP_PO_ENABLED": "false",
            "FORGE_LOOP_SANDBOX_MODE": sandbox,
            "FORGE_LOOP_SCHEDULING_TICK_SECONDS": "1",
        }

    def start(self, *words: str, sandbox: str = "off") -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "forge_loop", "run", *words]
        where = ["-C", str(self.place.project), "--state-dir", str(self.place.state)]
        return subprocess.Popen(
            [*command, *where],
            env=self.environ(sandbox),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def held(self) -> None:
        """Wait until the loop is in the phase."""
        self.until(lambda: self.reached.is_set() or (self.marks / "here").exists(), f"{self.phase!r} never came")

    def until(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + WAIT
        while not reached():
            assert time.monotonic() < deadline, otherwise
            self.go.wait(0.02)

    def release(self) -> None:
        self.go.set()
        (self.marks / "go").touch()

    def processes(self) -> list[Process]:
        """Every living process that carries this loop's marker, and what is below them."""
        with self.place.store() as store:
            loop_id = store.loop().loop_id
        return marked(f"{LOOP_MARKER}={loop_id}")

    def _answer(self, request: Request) -> Reply:
        if "overall" in request.report_fields:
            return self._hold("the critic thinks", report(APPROVAL))
        if request.turn == 0:
            if self.phase == "the worker's tool runs" and not self.go.is_set():
                return use("Bash", command=self._command, timeout=600_000)
            commit = commit_command({"hello.txt": "Hello.\n"}, "Say hello")
            # A session that was cut off begins its turns anew: what is committed already is no failure.
            return self._hold("the worker thinks", use("Bash", command=f"test -e hello.txt || {{\n{commit}\n}}"))
        return report(WORK)

    def _hold(self, phase: str, reply: Reply) -> Reply:
        if self.phase != phase or self.go.is_set():
            return reply
        self.reached.set()
        return Reply(tools=reply.tools, until=self.go)

    def close(self) -> None:
        self.release()
        self.model.close()
        for process in self.processes():
            signal_process(process, 9)


@contextmanager
def held_loop(place: Place, phase: str, *, command: str = "") -> Iterator[HeldLoop]:
    loop = HeldLoop(place, phase, command=command)
    try:
        loop.prepare()
        yield loop
    finally:
        loop.close()


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End it at the end of the block, however the block ends."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=WAIT)


def merges(place: Place) -> list[str]:
    """The subjects of what is merged, newest first."""
    words = ["git", "-C", str(place.layout.origin), "log", "--format=%s", "main"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[:-1]


def finish(loop: HeldLoop, *, sandbox: str = "off") -> None:
    """The next life, with nothing that holds it, comes to one merge."""
    loop.release()
    with running(loop.start("--until-idle", sandbox=sandbox)) as process:
        _, complaint = process.communicate(timeout=WAIT)
    assert process.returncode == 0, complaint
    subjects = [subject for subject in merges(loop.place) if "(#1)" in subject]
    assert len(subjects) == 1, (merges(loop.place), complaint)
