"""The loop as `forge-loop run` wires it, over the real Claude Code, with a scripted model and a clock put on at will.

Owns: one project with its state directory, its issues, and playing the loop until nothing moves any more. Must not:
replace any part of the loop but the model's service and the clock.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from behaviours.played import Played, gather
from forge_loop.bootstrap import Wired, build, wiring
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import (
    Agent,
    Critic,
    Po,
    Retry,
    Sandbox,
    SandboxMode,
    Scheduling,
    Settings,
    Watchdog,
    Worker,
)
from forge_loop.database import Database
from forge_loop.domain.job import Job
from forge_loop.domain.recorded import Recorded
from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.rehearsal.model import Answer, Reply, Request, ScriptedModel
from forge_loop.rehearsal.script import Merges
from forge_loop.runner import Timing, Until
from forge_loop.store import Store, open_store
from support.runner_world import TestClock, git

ROLE = re.compile(r"You are the (\w+) of forge-loop")
ISSUE = re.compile(r"^# .* issue #(\d+)$", re.MULTILINE)
LIVES = 12
MOST_ISSUES = 200

SETTINGS = Settings(
    checks=("test ! -e broken || { echo it is broken; exit 1; }",),
    scheduling=Scheduling(parallel=3, tick_seconds=0.5, max_open_pull_requests=1000, max_jobs_per_hour=1000),
    agent=Agent(),
    sandbox=Sandbox(mode=SandboxMode.OFF),
    worker=Worker(timeout=120.0, max_turns=20),
    critic=Critic(timeout=60.0),
    po=Po(timeout=60.0),
    retry=Retry(attempts=1, cooldown=0.0),
    watchdog=Watchdog(warn=10.0, stop=40.0),
)
FILES = {
    "README": "A project.\n",
    "shared.txt": "one line that several want\n",
    "tests/test_it.py": "def test_it() -> None:\n    assert True\n",
    "tests/test_more.py": "def test_more() -> None:\n    assert True\n",
}


def body(number: int) -> str:
    """A full spec that points to a file of its own, so that no issue waits for another."""
    return (
        "## Problem\n\nSomething is missing, and users have asked for it for a long while now, in several places.\n\n"
        "## Acceptance criteria\n\n- a file says what was asked for, with a full stop, and is committed\n\n"
        "## Test matrix\n\n- the file exists and its content is what was asked for, on every supported platform\n\n"
        "## Out of scope\n\n- other languages, other files, and anything that needs a network connection\n\n"
        f"## File pointers\n\n- `only-{number}.txt`\n"
    )


def issue_of(request: Request) -> int:
    """The issue a session is about."""
    found = ISSUE.search(request.prompt)
    assert found is not None, request.prompt[:200]
    return int(found[1])


def role_of(request: Request) -> str:
    found = ROLE.search(request.system)
    assert found is not None, request.system[:200]
    return found[1]


class Stage:
    """A project in `root` and what its loop's sessions are told. `environ` is laid over the small one they get."""

    def __init__(self, root: Path, *, settings: Settings = SETTINGS, environ: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.project = root / "project"
        self.layout = StateLayout(root / "state")
        self.settings = settings
        self.clock = TestClock()
        self.answers: dict[tuple[int, str], Answer] = {}
        self.faults: list[tuple[str, Exception]] = []
        self.merges = Merges(range(1, MOST_ISSUES))
        self.model = ScriptedModel(self._answer)
        self.issues = 0
        self._environ = dict(environ or {})
        self._make_project()
        self.tracker = BacklogTracker(self.project)

    def _make_project(self) -> None:
        self.project.mkdir(parents=True)
        git(self.project, "init", "-q")
        for name, text in FILES.items():
            path = self.project / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        git(self.project, "add", "-A")
        git(self.project, "commit", "-q", "-m", "first")
        init_backlog(self.project)

    def issue(self, title: str, answers: Mapping[str, Answer], *, text: str | None = None) -> int:
        """An issue that a person has approved, and what each role says about it."""
        self.issues += 1
        number = self.tracker.add(title=title, body=text or body(self.issues), labels=("loop:ready",))
        assert number == self.issues
        self.answers.update({(number, role): answer for role, answer in answers.items()})
        return number

    def environ(self) -> dict[str, str]:
        (self.root / "home").mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "CLAUDE_CODE_OAUTH_TOKEN": "scripted-token",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "ANTHROPIC_BASE_URL": self.model.url,
            **self._environ,
        }

    def life(self, seconds: float = 1800.0, *, look: Callable[[Wired], None] = lambda _: None) -> None:
        """One life of the loop, from its start until nothing moves but time; `look` is called before it begins."""
        with patch.object(wiring, "SystemClock", lambda: self.clock):
            wired = build(
                project=self.project,
                settings=self.settings,
                layout=self.layout,
                environ=self.environ(),
                sinks=(self.merges,),
                on_fault=lambda place, error: self.faults.append((place, error)),
                timing=replace(Timing(), watchdog_poll=0.5, patience=5.0),
            )
        timer = threading.Timer(seconds, wired.runner.stop, ["the test ran out of time"])
        timer.start()
        try:
            look(wired)
            wired.runner.run(Until(idle=True))
        finally:
            timer.cancel()
            wired.close()

    def play(self) -> None:
        """Lives of the loop, the clock put on between them, until no job is left that only waits for time.

        Rows that fail alike may end one after the other: the breaker then halts dispatch, and the operator resumes.
        """
        for _ in range(LIVES):
            self.life()
            halted: str | None = self.reads(lambda store: store.loop().halt_reason)
            if halted is not None:
                assert "failed alike" in halted, halted
                self.asks("resume")
                continue
            live = self.live_jobs()
            if not live:
                return
            waiting = [job for job in live if job.not_before is not None]
            if not waiting:
                continue  # a busy machine took longer over them than a life lasts
            latest = max(job.not_before for job in waiting if job.not_before is not None)
            self.clock.ahead += max(timedelta(0), latest - self.clock.now()) + timedelta(seconds=1)
        raise AssertionError(f"jobs still wait after {LIVES} lives: {self.live_jobs()!r}")

    def live_jobs(self) -> list[Job]:
        found: list[Job] = self.reads(lambda store: store.jobs.live())
        return found

    def reads(self, look: Callable[[Store], Any]) -> Any:
        database = Database(self.layout.database)
        try:
            return look(open_store(database))
        finally:
            database.close()

    def types(self, *words: str) -> str:
        """What one of the operator's commands says, in a process of its own, also while the loop runs."""
        where = ["-C", str(self.project), "--state-dir", str(self.layout.root)]
        command = [sys.executable, "-m", "forge_loop", *words, *where]
        done = subprocess.run(command, env=self.environ(), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 3), (words, done.stdout, done.stderr)
        return done.stdout

    def asks(self, kind: str, **detail: Any) -> None:
        """The operator asks something of the loop, as their commands do."""
        at = self.clock.now()
        self.reads(
            lambda store: store.requests.insert(
                kind=kind, issue=None, detail=detail, requested_at=at, state="requested"
            )
        )

    def events(self) -> list[Recorded]:
        found: list[Recorded] = self.reads(lambda store: store.events.after(0, limit=1_000_000))
        return found

    def played(self, number: int) -> Played:
        """Everything that is known of one issue once the loop rests."""
        found: Played = self.reads(lambda store: gather(store, self.layout, self.project, number))
        return found

    def main_log(self) -> list[str]:
        return git(self.layout.origin, "log", "--format=%s", "main").splitlines()

    def close(self) -> None:
        self.model.close()

    def _answer(self, request: Request) -> Reply:
        role = role_of(request)
        return self.answers[0 if role == "maintenance" else issue_of(request), role](request)
