"""One simulated world: the real runner, domain, store and queue between a simulated outside and a seed.

Owns: building it, booting one process of the loop after the other, what happens between two ticks, when chaos ends.
Must not: know how a guarantee is checked (`invariants`) or what people do (`acts`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from sqlite3 import Row
from typing import Any, cast

from forge_loop.briefs import Briefs
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import Critic, Maintenance, Merge, Po, Retry, Scheduling, Settings
from forge_loop.database import Database
from forge_loop.domain.host_checks import HostCheckState
from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.domain.recorded import rfc3339
from forge_loop.errors import ForgeLoopError, LeaseLost
from forge_loop.git.protected import protected_paths
from forge_loop.ports import Agents, CodeHost, CommandResult, Commands, Tracker, Workspaces
from forge_loop.queue import Delivery, InMemoryQueue, Queue, SQLiteQueue
from forge_loop.runner import Context, Runner, Timing, Until
from forge_loop.runner.waker import Waker
from forge_loop.store import RequestState, Store, open_store
from simulation.acts import FILES, People
from simulation.boundary import Bound, Boundary, BoundHost, Crash, CrashingDatabase
from simulation.errands import SeededErrands
from simulation.invariants import Invariants, Violation, insist
from simulation.sessions import Sessions, is_green
from support.fake_forge import FakeCodeHost, FakeConversation, FakeTracker, Pull
from support.fake_repository import FakeRepository
from support.fake_workspaces import FakeWorkspaces
from support.simulated_clock import SimulatedClock

LONGEST_WAY_TO_REST = 400
TICK_SECONDS = 120.0
LEASE = 600.0


@cache
def briefs() -> Briefs:
    """The built-in ones, read once for all worlds."""
    return Briefs(None)


class SimulatedWaker(Waker):
    """The runner's sleep is where the world goes on."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep

    def wake(self) -> None:
        """Nothing to wake: the world decides when the sleep is over."""

    def wait(self, seconds: float) -> None:
        self._sleep(seconds)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class SimulatedCommands:
    """The operator's checks: red by what a tree holds, now and then out of time. `green` is the truth of every run."""

    repository: FakeRepository
    workspaces: FakeWorkspaces
    chance: Random
    kind_world: bool = False
    broken: bool = False
    green: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    fired: Counter[str] = field(default_factory=Counter)

    def run(
        self, command: str, *, directory: Path, timeout: float, passing: Sequence[str] = (), confined: bool = True
    ) -> CommandResult:
        sha = self.workspaces.clones[directory].head
        green = is_green(self.repository.files(sha))
        if self.broken:
            self.fired["check broken"] += 1
            return CommandResult(status=127, output="not found", seconds=0.0)
        timed_out = not self.kind_world and self.chance.random() < 0.02
        self.fired["check timed out" if timed_out else "check green" if green else "check red"] += 1
        status = None if timed_out else 0 if green else 1
        for base_sha, head_sha in self.workspaces.merges.get(sha, ()):
            self.green[base_sha, head_sha, command] = status == 0
        return CommandResult(status=status, output="" if green else "a file is wrong", seconds=1.0)

    def close(self) -> None:
        """Nothing runs on its own."""


class World:
    """Everything that outlives a process of the loop, and the process that runs at the moment."""

    def __init__(self, seed: int, root: Path, *, say: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.trace: list[str] = []
        self.clock = SimulatedClock()
        self._say = say
        self._root = root
        self._chance = self._stream("world")
        self.settings = self._draw_settings()
        self.in_memory = self._chance.random() < 0.25
        self.boundary = Boundary(self._stream("replies"), self.note)
        self.repository = FakeRepository(FILES)
        self.tracker = FakeTracker(self.clock.steady())
        self.host = FakeCodeHost(self.repository)
        self._ci = self._stream("code host")
        self._draw_code_host()
        self.layout = StateLayout(root / "state")
        self.layout.workspaces.mkdir(parents=True)
        self.workspaces = FakeWorkspaces(self.layout.workspaces, self.repository, self.clock)
        self.commands = SimulatedCommands(self.repository, self.workspaces, self._stream("checks"))
        self.sessions = Sessions(
            self.clock, self.workspaces, self._stream("sessions"), self._stream("limits"), self.note
        )
        self.people = People(self, self._stream("people"))
        self.invariants = Invariants(self, self.layout.database)
        self.touched: set[int] = set()
        self.approved_texts: set[tuple[int, str]] = set()
        self.merged_by_loop: set[int] = set()
        self.pulls_seen_closed: set[int] = set()
        self.faults: Counter[str] = Counter()
        self.fired: Counter[str] = Counter()
        self.kind = False
        self.over = False
        self.history: list[Row] = []
        self.ended: list[Row] = []
        self.ticks = self._kind_ticks = self.processes = 0
        self._chaos_ticks = self._chance.randint(15, 70)
        self._bustle = self._chance.choice((0.1, 0.3, 0.9))
        self._bad_weather = self._chance.choice((0.2, 1.0))
        self._errand_chance = self._stream("errands")
        self._zombies: list[Delivery] = []
        self.boundary.before_write = self.invariants.before_write
        self.boundary.after_read = self._after_read
        self.host.on_merge = self._on_merge
        self._operator = Database(self.layout.database, durability="normal")
        self.operator = open_store(self._operator)

    def _stream(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")

    def _draw_settings(self) -> Settings:
        draw = self._chance
        return Settings(
            checks=("check",) if draw.random() < 0.7 else ("check", "lint"),
            scheduling=Scheduling(
                parallel=draw.randint(1, 3),
                tick_seconds=TICK_SECONDS,
                max_jobs_per_hour=2 if draw.random() < 0.1 else 20,
                max_open_pull_requests=1 if draw.random() < 0.1 else 10,
            ),
            critic=Critic(rounds=draw.randint(0, 3)),
            po=Po(enabled=draw.random() < 0.5),
            maintenance=Maintenance(every_ticks=draw.choice((0, 1, 3))),
            retry=Retry(attempts=draw.randint(1, 3), cooldown=900.0),
        )

    def _draw_code_host(self) -> None:
        """People talk at some hosts, and some run checks of their own."""
        if self._ci.random() < 0.5:
            self.host.talk = FakeConversation(self.host, self.clock.steady())
            self.settings = replace(self.settings, merge=Merge(draft=self._ci.random() < 0.5))
        if self._ci.random() < 0.4:
            self.host.host_checks = {}

    # -- one process after the other

    def run(self) -> None:
        """Until the world has come to rest. Raises Violation."""
        self.begin()
        try:
            while not self.over:
                self._process()
            self.invariants.at_rest()
            self.history = self.invariants.rows("SELECT * FROM events ORDER BY seq")
            self.ended = self.invariants.rows("SELECT * FROM jobs ORDER BY id")
        finally:
            self.invariants.close()
            self._operator.close()
            shutil.rmtree(self._root, ignore_errors=True)

    def begin(self) -> None:
        """What is there before the loop starts for the first time."""
        for _ in range(self._chance.randint(2, 4)):
            self.people.write_issue()

    def _process(self) -> None:
        try:
            self._boot()
            self.runner.run(Until())
        except Crash:
            self._bury()
        except ForgeLoopError as error:
            insist(self.boundary.disk_full, f"the loop ended by itself: {error!r}")
            self.fired["process ended on a full disk"] += 1
            self._bury()
        finally:
            self._shut()
        if not self.kind:
            self._meanwhile()

    def _boot(self) -> None:
        self.processes += 1
        self.note(f"process {self.processes} starts")
        self.boundary.reborn()
        self.boundary.crash_after(None)
        self._database = CrashingDatabase(self.layout.database, self.boundary)
        self.sessions.boot()
        self.context = self._context(open_store(self._database))
        self.runner = Runner(self.context, SimulatedWaker(self.between_ticks), version="test", reload=lambda: None)
        if not self.kind and self._chance.random() < 0.7:
            self.boundary.crash_after(self._chance.randint(1, 400))

    def _context(self, store: Store) -> Context:
        queue: Queue = InMemoryQueue(max_deliveries=None, clock=self.clock)
        if not self.in_memory:
            queue = SQLiteQueue(self._database, max_deliveries=None, clock=self.clock)
        errands = SeededErrands(self._errand_chance, self._between_errands)
        errands.eager = self.kind
        return Context(
            settings=self.settings,
            base="main",
            pays="nobody",
            layout=self.layout,
            store=store,
            queue=queue,
            tracker=cast(Tracker, Bound("tracker", self.tracker, self.boundary)),
            code_host=cast(CodeHost, BoundHost("code_host", self.host, self.boundary)),
            agents=cast(Agents, Bound("agents", self.sessions.agents, self.boundary)),
            workspaces=cast(Workspaces, Bound("workspaces", self.workspaces, self.boundary)),
            commands=cast(Commands, Bound("commands", self.commands, self.boundary)),
            briefs=briefs(),
            clock=self.clock,
            errands=errands,
            sinks=(),
            on_fault=self._on_fault,
            timing=Timing(lease=LEASE),
        )

    def _bury(self) -> None:
        """The process died: only what is on disk or outside is left."""
        self.sessions.die()

    def _shut(self) -> None:
        if not self.in_memory:
            self._zombies = list(self.context.in_hand.values())
        self.context.queue.close()
        self._database.close()
        self.runner.tick.relay.close()

    def _meanwhile(self) -> None:
        """No loop runs for a while."""
        self.clock.advance(self._chance.choice((1, 60, 1000)))
        for _ in range(self._chance.randint(0, 2)):
            self.people.act()
        self._weather()

    # -- between two ticks

    def between_ticks(self, seconds: float) -> None:
        self.ticks += 1
        self.invariants.after_tick()
        self._host_checks()
        self._zombies_change_nothing()
        if not self.kind and self.ticks >= self._chaos_ticks:
            self._be_kind()
        if self.kind:
            self._kind_ticks += 1
            if self._at_rest():
                self.over = True
                self.runner.stop("the world is at rest")
                return
            if self._kind_ticks > LONGEST_WAY_TO_REST:
                self.invariants.at_rest()
                raise Violation(f"not at rest after {LONGEST_WAY_TO_REST} kind ticks")
            if self.context.store.loop().halt_reason is not None:
                self.people.request("resume", None, {})
            self.sleep(seconds)
            return
        self._chaos(seconds)

    def _chaos(self, seconds: float) -> None:
        if self._chance.random() < 0.01:
            self.fired["suspended"] += 1
            self.note("the machine sleeps for two hours")
            self.clock.advance(7200)
        elif self._chance.random() < 0.01:
            self.fired["clock set back"] += 1
            self.note("the clock is set back by half an hour")
            self.clock.set_back(1800)
        self._weather()
        if self._chance.random() < self._bustle:
            self.people.act()
        self.sleep(seconds if self._chance.random() < 0.5 else seconds * self._chance.random())
        cast(SeededErrands, self.context.errands).some()

    def _host_checks(self) -> None:
        """The host's one check of each open pull request begins, goes on or ends."""
        if self.host.host_checks is None:
            return
        for pull in self.host.pulls.values():
            if self.host.pull_request(pull.number).state is not PullRequestState.OPEN:
                continue
            known = self.host.host_checks.get(pull.head_sha)
            if known is None:
                self._host_check(pull, {HostCheckState.PENDING: 3, None: 1})
            elif known[0].state is HostCheckState.PENDING:
                self._host_check(pull, {HostCheckState.PASSED: 5, HostCheckState.FAILED: 1, None: 4})

    def _host_check(self, pull: Pull, weights: dict[HostCheckState | None, float]) -> None:
        state = self._ci.choices(list(weights), list(weights.values()))[0]
        if state is not None:
            self.fired[f"host check {state}"] += 1
            self.note(f"a check of the host's on pull request {pull.number}: {state}")
            self.host.check_ends(pull.head_sha, "build", state, output="built")

    def sleep(self, seconds: float) -> None:
        """Until the time is over or a session has ended."""
        until = self.clock.peek() + timedelta(seconds=seconds)
        due = self.sessions.next_due()
        self.clock.reach(min(until, due) if due is not None else until)
        self.sessions.due()

    def _weather(self) -> None:
        """Outages come and go."""
        for port in ("tracker", "code_host"):
            if port in self.boundary.down and self._chance.random() < 0.4:
                self.boundary.down.discard(port)
            elif self._chance.random() < 0.06 * self._bad_weather:
                self.note(f"the {port} is down")
                self.boundary.down.add(port)
        self.boundary.lost_replies = 0.3 if self._chance.random() < 0.4 * self._bad_weather else 0.0
        self.boundary.disk_full = self._chance.random() < (
            0.6 if self.boundary.disk_full else 0.015 * self._bad_weather
        )

    def _between_errands(self) -> None:
        if self.kind:
            return
        if self._chance.random() < 0.06 * self._bustle:
            self.people.act()
        self.people.act_at_worst(self.invariants.about_to())

    def _be_kind(self) -> None:
        """Chaos ends: no faults, no people, sessions that do well. Now everything must come to rest."""
        self.note("the world is kind from now on")
        self.kind = self.sessions.kind_world = self.commands.kind_world = True
        cast(SeededErrands, self.context.errands).eager = True
        self.boundary.down.clear()
        self.boundary.disk_full = False
        self.boundary.lost_replies = 0.0
        self.boundary.crash_after(None)
        self.people.mend_base()
        self.people.request("resume", None, {})

    def _at_rest(self) -> bool:
        store = self.context.store
        if store.jobs.live() or self.sessions.playing or not self.runner.idle():
            return False
        if store.effects.select("state IN ('intended', 'acting')", limit=1):
            return False
        try:
            self.invariants._every_ready_issue_is_answered()
        except Violation:
            return False
        return True

    def _zombies_change_nothing(self) -> None:
        """A process that was thought dead acts on what it had claimed, once somebody else has claimed it."""
        for old in [entry for entry in self._zombies if int(str(entry.payload["job"])) in self.context.in_hand]:
            self._zombies.remove(old)
            for late in (self.context.queue.ack, self.context.queue.release):
                try:
                    late(old)
                except LeaseLost:
                    continue
                raise Violation(f"a delivery that was lost could still change job {old.payload['job']}")
            self.fired["late answer refused"] += 1

    # -- what the others ask

    def note(self, line: str) -> None:
        entry = f"{self.clock.peek():%d %H:%M:%S} {line}"
        self.trace.append(entry)
        if self._say is not None:
            self._say(entry)

    def requested(self, kind: str, issue: int | None, detail: dict[str, Any]) -> None:
        self.operator.requests.insert(
            kind=kind, issue=issue, detail=detail, requested_at=self.clock.now(), state=RequestState.REQUESTED
        )

    def now(self) -> str:
        """The time as rows keep it, without moving the clock."""
        return rfc3339(self.clock.peek())

    def moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    def protected(self, base_sha: str, head_sha: str) -> tuple[str, ...]:
        start = self.repository.merge_base(base_sha, head_sha)
        return protected_paths(self.repository.changed(start, head_sha), ())

    def lost_often(self, job: int) -> bool:
        (row,) = self.invariants.rows("SELECT count(*) AS n FROM sessions WHERE job = ? AND outcome = 'lost'", job)
        return bool(row["n"] >= 5)

    def _on_fault(self, place: str, error: Exception) -> None:
        self.faults[f"{place.split(' ')[0]}: {type(error).__name__}"] += 1
        self.note(f"fault in {place}: {type(error).__name__}: {str(error)[:100]}")
        if not isinstance(error, ForgeLoopError):
            raise Violation(f"{place}: {type(error).__name__}: {error}") from error

    def _after_read(self, name: str, answer: Any) -> None:
        if isinstance(answer, PullRequest) and answer.state is PullRequestState.CLOSED:
            self.pulls_seen_closed.add(answer.number)

    def _on_merge(self, pull: Pull, base_sha: str) -> None:
        self.merged_by_loop.add(pull.number)
        self.fired["merged"] += 1
        self.invariants.on_merge(pull, base_sha)

    def counts(self) -> Counter[str]:
        """What really happened, by name."""
        found: Counter[str] = Counter()
        for part in (self.fired, self.boundary.fired, self.people.fired, self.sessions.fired, self.commands.fired):
            found.update(part)
        found["ticks"] += self.ticks
        found["processes"] += self.processes
        return found
