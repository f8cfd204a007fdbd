"""A runner over real SQLite, real git and the real local forge; only the sessions and the clock are scripted.

Owns: building that world and stepping it until it rests. Must not: reach into the runner's stages.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forge_loop.bootstrap import local_code_host
from forge_loop.briefs import Briefs
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import Merge, Po, Scheduling, Settings
from forge_loop.config.paths import prepare_state_directory
from forge_loop.database import Database
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Role, SessionEnded, SessionNews, SessionOrder, SessionOutcome
from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.git import ControlRepository, LocalWorkspaces
from forge_loop.ports import CommandResult, Commands, Slots
from forge_loop.queue import SQLiteQueue
from forge_loop.runner import Context, Runner, Timing, Until
from forge_loop.runner.errands import Errands
from forge_loop.runner.slots import OwnSlots
from forge_loop.runner.waker import Waker
from forge_loop.store import open_store
from support.fake_agents import FakeAgents, Script

FULL_BODY = (
    "## Problem\n\nGreetings are missing and users have asked for them for a long while now, in several places.\n\n"
    "## Acceptance criteria\n\n- a file says hello, in English, with a full stop, and is committed on the branch\n\n"
    "## Test matrix\n\n- the file exists and its content is what was asked for, on every supported platform\n\n"
    "## Out of scope\n\n- other languages, other files, and anything that needs a network connection to be tested\n\n"
    "## File pointers\n\n- hello.txt\n"
)
REPORT = {"status": "done", "summary": "did it", "tests_run": [], "notes": ""}
APPROVAL = {"overall": "approve", "findings": [], "reviewed": ["all of it"]}
SETTINGS = Settings(
    checks=("test -f README",), scheduling=Scheduling(tick_seconds=0.05), po=Po(enabled=False), merge=Merge()
)


class TestClock:
    """Real time plus what a test adds to it."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return self.now().timestamp()


class ShellCommands:
    """The operator's commands, run by a plain shell."""

    def run(
        self, command: str, *, directory: Path, timeout: float, passing: Sequence[str] = (), confined: bool = True
    ) -> CommandResult:
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=directory, capture_output=True, text=True, timeout=timeout, check=False
        )
        return CommandResult(status=done.returncode, output=done.stdout + done.stderr, seconds=0.0)

    def close(self) -> None:
        """A plain shell's commands end by their own time limit."""


def git(directory: Path, *words: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *words], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commits(
    files: Mapping[str, str], report: Mapping[str, object] = REPORT, *, message: str = "work"
) -> Callable[[SessionOrder], SessionEnded]:
    """A worker that writes files in its clone, commits them and reports."""

    def work(order: SessionOrder) -> SessionEnded:
        for name, text in files.items():
            (order.workspace / name).write_text(text)
        git(order.workspace, "add", "-A")
        git(order.workspace, "commit", "-q", "--allow-empty", "-m", message)
        return done(order, report)

    return work


def done(order: SessionOrder, report: Mapping[str, object]) -> SessionEnded:
    return SessionEnded(session=order.id, outcome=SessionOutcome.DONE, at=datetime.now(UTC), report=report)


def ended(order: SessionOrder, outcome: SessionOutcome, detail: str = "") -> SessionEnded:
    return SessionEnded(session=order.id, outcome=outcome, at=datetime.now(UTC), detail=detail)


def script(*steps: Callable[[SessionOrder], SessionEnded]) -> Script:
    """The first session follows the first step, the next the second; the last step is repeated."""
    waiting = list(steps)

    def follow(order: SessionOrder) -> Sequence[SessionNews]:
        step = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [step(order)]

    return follow


def approves(order: SessionOrder) -> SessionEnded:
    return done(order, APPROVAL)


@dataclass
class World:
    """One project with its state directory. `faults` collects what fences caught."""

    project: Path
    layout: StateLayout
    settings: Settings
    clock: TestClock
    agents: FakeAgents
    faults: list[tuple[str, Exception]]
    runner: Runner
    context: Context
    waker: Waker
    database: Database
    tracker: BacklogTracker

    def run(self, seconds: float = 20.0) -> None:
        """Run until the loop is idle; a world that never rests fails."""
        timer = threading.Timer(seconds, self.runner.stop, ["the test ran out of time"])
        timer.start()
        try:
            self.runner.run(Until(idle=True))
        finally:
            timer.cancel()
        kinds = [event.data.get("reason") for event in self.events() if event.kind == "loop.stopped"]
        assert kinds[-1] != "the test ran out of time", [(e.kind, e.data) for e in self.events()][-20:]

    def job(self, issue: int) -> Job:
        job = self.context.store.jobs.newest_by_number(issue)
        assert job is not None
        return job

    def state(self, issue: int) -> JobState:
        return self.job(issue).state

    def events(self) -> list[Recorded]:
        return self.context.store.events.after(0, limit=100_000)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events()]

    def main_log(self) -> list[str]:
        return git(self.layout.origin, "log", "--format=%s", "main").splitlines()

    def close(self) -> None:
        self.database.close()


def make_project(root: Path) -> Path:
    project = root / "project"
    project.mkdir()
    git(project, "init", "-q")
    (project / "README").write_text("a project\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    init_backlog(project)
    return project


def open_world(
    root: Path,
    scripts: Mapping[Role, Script],
    *,
    settings: Settings = SETTINGS,
    commands: Commands | None = None,
    clock: TestClock | None = None,
    slots: Slots | None = None,
) -> World:
    """The world in `root`, made on the first call and opened again, as after a restart, on later ones."""
    project = root / "project" if (root / "project").exists() else make_project(root)
    layout = StateLayout(root / "state")
    prepare_state_directory(layout.root)
    clock = clock or TestClock()
    database = Database(layout.database)
    store = open_store(database)
    waker = Waker(database.wake_fd)
    agents = FakeAgents(scripts, clock=clock, on_news=waker.wake)
    code_host = local_code_host(project, settings, layout, database)
    faults: list[tuple[str, Exception]] = []
    tracker = BacklogTracker(project)
    context = Context(
        settings=settings,
        base="main",
        pays="nobody",
        layout=layout,
        store=store,
        queue=SQLiteQueue(database, max_deliveries=None),
        tracker=tracker,
        code_host=code_host,
        agents=agents,
        workspaces=LocalWorkspaces(layout.workspaces, ControlRepository(layout.control, code_host.url())),
        commands=commands or ShellCommands(),
        briefs=Briefs(None),
        clock=clock,
        errands=Errands(waker.wake),
        sinks=(),
        on_fault=lambda place, error: faults.append((place, error)),
        timing=replace(Timing(), activity_row=0.0, watchdog_poll=0.0, patience=5.0 if slots is None else 0.0),
        slots=slots or OwnSlots(),
    )
    runner = Runner(context, waker, version="test", reload=lambda: None)
    return World(
        project=project,
        layout=layout,
        settings=settings,
        clock=clock,
        agents=agents,
        faults=faults,
        runner=runner,
        context=context,
        waker=waker,
        database=database,
        tracker=tracker,
    )


def approve(world: World, title: str, body: str = FULL_BODY) -> int:
    return world.tracker.add(title=title, body=body, labels=("loop:ready",))
