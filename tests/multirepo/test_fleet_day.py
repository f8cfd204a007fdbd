"""A day of a fleet over six repositories, two of them at GitHub, with all that may go wrong in one.

A forge that hangs, a breaker that trips, a usage limit, two deaths of the process: nothing is lost, nothing is done
twice, everybody gets a fair share, and what the operator is told is so.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from forge_loop.config.layout import StateLayout
from forge_loop.database import Database
from forge_loop.domain.job import Job, JobState
from forge_loop.forge.local import BacklogTracker
from forge_loop.status import read_fleet
from forge_loop.store import open_store
from multirepo.fleet_day import BROKEN, Plan, read_day
from multirepo.moved_time import utc
from support.command_line import run
from support.fake_github import FakeGitHub, serving
from support.github_place import VARIABLES
from support.repositories import git, make_checkout
from support.runner_world import FULL_BODY

WEIGHTS = {"shop": 3, "hub-1": 2, "blog": 1, "docs": 1, "site": 1, "hub-2": 1}
HUBS = ("hub-1", "hub-2")
SETTINGS = """
checks: ["test -f README.md"]
scheduling: {parallel: 3, tick_seconds: 120, max_jobs_per_hour: 200, max_open_pull_requests: 200}
po: {enabled: false}
maintenance: {every_ticks: 0}
sandbox: {mode: "off"}
watchdog: {warn: 3h, stop: 4h, no_progress: 5h}
"""
CHECK = "build"


@dataclass
class Operator:
    """Six checkouts with approved issues, a fleet file, and the fleet's processes one after the other."""

    root: Path
    environ: dict[str, str]
    hubs: dict[str, FakeGitHub] = field(default_factory=dict)

    def local(self, name: str, issues: int) -> None:
        project = make_checkout(self.root / name, {"README.md": "A project.\n"})
        self.says("init", "--yes", "-C", str(project))
        (project / "forge-loop.yaml").write_text(SETTINGS)
        tracker = BacklogTracker(project)
        for number in range(issues):
            tracker.add(title=f"Task {number}", body=body(number), labels=("loop:ready",))

    def at_github(self, name: str, hub: FakeGitHub, issues: int) -> None:
        project = make_checkout(self.root / name, {"README.md": "A project.\n"})
        git(project, "fetch", "--quiet", str(hub.state.bare), "main")
        git(project, "reset", "--quiet", "--hard", "FETCH_HEAD")
        git(project, "remote", "add", "origin", f"{hub.url}/{hub.full_name}.git")
        self.says("init", "--forge", "github", "--yes", "-C", str(project))
        file = project / "forge-loop.yaml"
        kept = [
            line for line in file.read_text().splitlines() if re.match(r"(forge|repository|github|  url|base)", line)
        ]
        file.write_text("\n".join(kept) + SETTINGS)
        hub.limits.limit = 1_000_000
        hub.requires(CHECK)
        hub.watch(lambda seen: checks_itself(hub, seen.path))
        hold(hub, self.root / "hang", only=name == "hub-1")
        for number in range(issues):
            hub.person_adds(f"Task {number}", body(number), labels=("loop:ready",))
        self.hubs[name] = hub

    def says(self, *words: str) -> None:
        said = run(*words)
        assert said.status == 0, said.stderr

    def live(self, plan: Plan, seconds: float) -> int:
        """One process of the fleet, from its start to its end. How it ended."""
        (self.root / "plan.json").write_text(json.dumps(asdict(plan)))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "multirepo.fleet_day", str(self.root)],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr[-6000:]
        return done.returncode

    def jobs(self, name: str) -> tuple[list[Job], set[str]]:
        """The jobs of a repository, and why attempts that did not lead to a merge were charged."""
        fleet = read_fleet(self.environ, now=utc())
        assert fleet is not None
        (state,) = (each.state_dir for each in fleet.repositories if each.name == name)
        assert state is not None
        database = Database(StateLayout(state).database)
        store = open_store(database)
        charged = store.attempts.select("charged AND outcome <> 'merged'")
        found = store.jobs.select(), {attempt.note for attempt in charged}
        database.close()
        return found

    def landed(self, name: str) -> Counter[str]:
        """How often each task stands on base."""
        project = self.root / name
        bare = self.hubs[name].state.bare if name in self.hubs else Path(git(project, "remote", "get-url", "forge"))
        log = git(bare, "log", "--format=%s", "main").splitlines()
        return Counter(line.partition(" (#")[0] for line in log if line.startswith("Task "))


def body(number: int) -> str:
    """A text that names a file of its own, so that no two tasks wait for each other."""
    return FULL_BODY.replace("hello.txt", f"task-{number}.txt")


def checks_itself(hub: FakeGitHub, path: str) -> None:
    """The host's own check of a commit passes once somebody has asked for it."""
    asked = re.search(r"/commits/([0-9a-f]{40})/check-runs", path)
    if asked is not None and asked[1] not in hub.state.checks:
        hub.check_ends(asked[1], CHECK)


def hold(hub: FakeGitHub, flag: Path, *, only: bool) -> None:
    """Answer nothing while the flag stands."""
    wire, tries = hub.server._wire, threading.Event()
    inner = wire.fault

    def fault(method: str, target: str) -> object:
        for _ in range(1200 if only else 0):
            if not flag.exists():
                break
            tries.wait(0.05)
        return inner(method, target)

    wire.fault = fault  # type: ignore[assignment]


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    (tmp_path / "home").mkdir()
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "states"),
        "CLAUDE_CODE_OAUTH_TOKEN": "a-token-that-is-never-sent",
        "TZ": "UTC",
    }
    with ExitStack() as stack:
        operator = Operator(tmp_path, environ)
        hubs = {name: stack.enter_context(serving(tmp_path / f"{name}.d")) for name in HUBS}
        environ["GH_ENTERPRISE_TOKEN"] = hubs["hub-1"].token
        operator.hubs = hubs
        for name in (*VARIABLES, "XDG_CONFIG_HOME", "FORGE_LOOP_STATE_DIR", "ANTHROPIC_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield operator


def play(operator: Operator, plan: Plan, issues: dict[str, int], seconds: float) -> None:
    for name, many in issues.items():
        if name in operator.hubs:
            operator.at_github(name, operator.hubs[name], many)
        else:
            operator.local(name, many)
        operator.says("repos", "add", str(operator.root / name), "--weight", str(WEIGHTS[name]))
    ends = [operator.live(plan, seconds) for _ in range(len(plan.deaths) + 1)]
    assert ends == [-signal.SIGKILL] * len(plan.deaths) + [0]


def nothing_is_lost_or_done_twice(operator: Operator, plan: Plan) -> int:
    """How many tasks were merged."""
    merged = 0
    for name in WEIGHTS:
        jobs, charged = operator.jobs(name)
        landed = operator.landed(name)
        assert set(landed.values()) <= {1}, (name, landed)
        assert {job.title for job in jobs if job.state is JobState.MERGED} == set(landed), name
        assert len({job.issue for job in jobs}) == len(jobs)
        ended = {job.state for job in jobs if job.state.terminal}
        # Before the breaker trips, an issue may have failed as often as it may.
        allowed = {JobState.MERGED, JobState.GIVEN_UP} if name == plan.broken else {JobState.MERGED}
        assert ended <= allowed, [(job.issue, job.state, job.reason) for job in jobs if job.state not in allowed]
        # Only what truly failed was counted: no limit, no crash, no forge that hung.
        assert charged == ({BROKEN} if name == plan.broken else set()), (name, charged)
        merged += len(landed)
    for hub in operator.hubs.values():
        pulls = [ticket.pull for ticket in hub.state.tickets.values() if ticket.pull is not None]
        assert len({pull.branch for pull in pulls}) == len(pulls)
    return merged


def totals(operator: Operator, of: str) -> dict[str, float]:
    found: Counter[str] = Counter()
    for line in read_day(operator.root):
        found.update(line.get(of, {}))
    return dict(found)


def what_happened(operator: Operator) -> dict[str, float]:
    return {line["happened"]: line["at"] for line in read_day(operator.root) if "happened" in line}


HOUR = 3600.0


@pytest.mark.timeout(600)
def test_a_few_hours_of_a_fleet_of_six(operator: Operator) -> None:
    plan = Plan(
        start=utc().isoformat(),
        seconds=3.2 * HOUR,
        slots=4,
        worker=(900, 1500),
        critic=(60, 180),
        broken="shop",
        breaks=0.2 * HOUR,
        mended=0.3 * HOUR,
        hangs="hub-1",
        hang=0.6 * HOUR,
        hang_for=300,
        limited="hub-1",
        limit=1.5 * HOUR,
        limit_for=0.5 * HOUR,
        deaths=(1.2 * HOUR, 1.7 * HOUR),
        look_every=0.4 * HOUR,
    )
    play(operator, plan, dict.fromkeys(WEIGHTS, 14), 300)
    happened = what_happened(operator)
    assert {"hang", "answer", "tripped", "mended", "limit", "death 0", "death 1", "over"} <= set(happened)
    assert nothing_is_lost_or_done_twice(operator, plan) >= 12


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_day_of_a_fleet_of_six(operator: Operator) -> None:
    plan = Plan(
        start=utc().isoformat(),
        seconds=24 * HOUR,
        slots=4,
        worker=(480, 1200),
        critic=(120, 240),
        broken="blog",
        breaks=5 * HOUR,
        mended=0.7 * HOUR,
        hangs="hub-1",
        hang=2 * HOUR,
        hang_for=600,
        limited="shop",
        limit=10 * HOUR,
        limit_for=HOUR,
        deaths=(13.5 * HOUR, 18 * HOUR),
        look_every=0.5 * HOUR,
    )
    play(operator, plan, {name: 50 * weight for name, weight in WEIGHTS.items()}, 1800)
    assert nothing_is_lost_or_done_twice(operator, plan) >= 200
    used, fair = totals(operator, "used"), totals(operator, "fair")
    for name, weight in WEIGHTS.items():
        share = used[name] / sum(used.values())
        wanted = weight / sum(WEIGHTS.values())
        assert abs(share - wanted) <= 0.05 * wanted, (name, share, wanted, fair[name] / sum(fair.values()))
