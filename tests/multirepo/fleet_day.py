"""One life of a fleet in a scripted day: the product as `repos run` wires it, in a process that may be killed.

Owns: the clock that is moved, what sessions do and when they end, what goes wrong and when, and holding what `repos
status` and `explain` say against what is known here. Must not: judge the day as a whole (`test_fleet_day` does).

Real are the async runner, each repository's runner, SQLite, git, the local forge, and HTTP to the fake GitHub. Sessions
are played, checks are run by a plain shell.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

from forge_loop.bootstrap import Wired, trackers, wiring
from forge_loop.cli import project
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.output import Output
from forge_loop.domain.job import Job
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.forge.github import pace
from forge_loop.ports import Slots
from forge_loop.queue import SQLiteQueue
from forge_loop_multirepo.commands import asking, places, running
from forge_loop_multirepo.fleet_file import Repository
from forge_loop_multirepo.records import Records
from forge_loop_multirepo.runner_async import AsyncRunner
from multirepo.moved_time import MovedClock, MovedTime
from support.command_line import run
from support.fake_agents import FakeAgents
from support.runner_world import APPROVAL, REPORT, ShellCommands, git

BROKEN = "the build machine is broken"
STILL = 1.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Times are seconds of the day, lengths are seconds. `worker` and `critic` are how long sessions take, from and to.

    From `breaks` on workers of `broken` fail alike until its breaker trips; it is resumed `mended` seconds later. The
    forge of `hangs` does not answer from `hang` for `hang_for`. The first worker of `limited` to end after `limit`
    meets the account's limit, which resets `limit_for` later. The process dies at each of `deaths`: the first while all
    is quiet, the next ones while something is under way.
    """

    start: str
    seconds: float
    slots: int
    worker: tuple[float, float]
    critic: tuple[float, float]
    broken: str
    breaks: float
    mended: float
    hangs: str
    hang: float
    hang_for: float
    limited: str
    limit: float
    limit_for: float
    deaths: tuple[float, ...]
    look_every: float


@dataclass(frozen=True, kw_only=True)
class Playing:
    """A session under way in a repository, and when it will have ended."""

    name: str
    agents: FakeAgents
    order: SessionOrder
    due: float


class Played(FakeAgents):
    """Sessions that end when the day says so."""

    life: Life
    name = ""

    def start(self, order: SessionOrder, *, attempt: int) -> None:
        super().start(order, attempt=attempt)
        if order.id not in self._over:
            self.life.begin(self, order)

    def end(self, session: str, *, reason: str) -> None:
        self.life.playing = [each for each in self.life.playing if each.order.id != session]
        super().end(session, reason=reason)


class Counting(ThreadPoolExecutor):
    """Threads of the event loop, counted while they are at work."""

    under_way = 0

    def submit(self, act: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.under_way += 1
        future = super().submit(act, *arguments, **named)
        future.add_done_callback(self._over)
        return future

    def _over(self, _future: Future[Any]) -> None:
        self.under_way -= 1


@dataclass
class Life:
    """From the start of a process to its end. What must outlive it is appended to `day.jsonl`."""

    root: Path
    plan: Plan
    playing: list[Playing] = field(default_factory=list)
    loops: dict[str, Wired] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        past = read_day(self.root)
        self.life = sum("began" in line for line in past)
        offset = past[-1]["at"] + 60.0 if past else 0.0
        self.happened = {line["happened"]: line["at"] for line in past if "happened" in line}
        self.clock = MovedClock(datetime.fromisoformat(self.plan.start), offset)
        self.chance = Random(f"day/{self.life}")
        self.threads = Counting(8)
        self.still = self.counted = 0.0
        self.used: dict[str, float] = {}
        self.open: dict[str, float] = {}
        self.look_at = offset + self.plan.look_every
        self._log = (self.root / "day.jsonl").open("a", encoding="utf-8")
        self.write(began=self.life)

    # -- what is written down

    def write(self, **what: object) -> None:
        self._log.write(json.dumps({"at": self.clock.offset, **what}) + "\n")
        self._log.flush()

    def happen(self, what: str) -> None:
        self.happened[what] = self.clock.offset
        self.write(happened=what)

    def count(self, seconds: float) -> None:
        """What each repository has of the slots, and would have of those that the closed ones leave."""
        used = {name: loop.context.slots_used() for name, loop in self.loops.items()}
        lanes = {lane.name: lane for lane in self.runner._pool.lanes}
        free = self.plan.slots - sum(used[name] for name in used if lanes[name].closed)
        weights = sum(lane.weight for name, lane in lanes.items() if name in used and not lane.closed)
        for name, slots in used.items():
            fair = slots if lanes[name].closed else free * lanes[name].weight / weights
            self.used[name] = self.used.get(name, 0.0) + slots * seconds
            self.open[name] = self.open.get(name, 0.0) + fair * seconds
        self.counted += seconds
        if self.counted > 300:
            self.settle()

    def settle(self) -> None:
        self.write(used=self.used, fair=self.open)
        self.used, self.open, self.counted = {}, {}, 0.0

    # -- sessions

    def begin(self, agents: Played, order: SessionOrder) -> None:
        shortest, longest = self.plan.worker if order.role is Role.WORKER else self.plan.critic
        due = self.clock.offset + self.chance.uniform(shortest, longest)
        self.playing.append(Playing(name=agents.name, agents=agents, order=order, due=due))

    def finish(self, played: Playing) -> None:
        self.playing.remove(played)
        order, worker = played.order, played.order.role is Role.WORKER
        if worker and played.name == self.plan.broken and self.is_broken():
            ended = self.ended(order, SessionOutcome.FAILED, detail=BROKEN)
        elif worker and played.name == self.plan.limited and self.is_due("limit", self.plan.limit):
            self.happen("limit")
            resets = self.clock.now() + timedelta(seconds=self.plan.limit_for)
            ended = self.ended(order, SessionOutcome.LIMIT, detail="five_hour", resets_at=resets)
        elif worker:
            (order.workspace / f"{order.workspace.name}.txt").write_text("Hello.\n")
            git(order.workspace, "add", "-A")
            git(order.workspace, "commit", "-q", "-m", "work")
            ended = self.ended(order, SessionOutcome.DONE, report=REPORT)
        else:
            ended = self.ended(order, SessionOutcome.DONE, report=APPROVAL)
        played.agents.finish(ended)

    def ended(self, order: SessionOrder, outcome: SessionOutcome, **rest: Any) -> SessionEnded:
        return SessionEnded(session=order.id, outcome=outcome, at=self.clock.now(), **rest)

    # -- what goes wrong

    def is_due(self, what: str, at: float) -> bool:
        return what not in self.happened and self.clock.offset >= at

    def is_broken(self) -> bool:
        return self.clock.offset >= self.plan.breaks and not self.halted() and "mended" not in self.happened

    def halted(self) -> bool:
        loop = self.loops.get(self.plan.broken)
        return loop is not None and loop.context.store.loop().halt_reason is not None

    def limited(self) -> bool:
        loop = self.loops.get(self.plan.limited)
        until = loop.context.store.loop().parked_until if loop is not None else None
        return until is not None and until > self.clock.now()

    @property
    def hung(self) -> str:
        return self.plan.hangs if "hang" in self.happened and "answer" not in self.happened else ""

    def script(self) -> None:
        """What is to happen by now."""
        plan = self.plan
        if self.is_due("hang", plan.hang):
            (self.root / "hang").touch()
            self.happen("hang")
        if self.is_due("answer", plan.hang + plan.hang_for):
            (self.root / "hang").unlink()
            self.happen("answer")
        if self.halted() and "tripped" not in self.happened:
            self.happen("tripped")
        if "tripped" in self.happened and self.is_due("mended", self.happened["tripped"] + plan.mended):
            self.happen("mended")
            said = run("resume", "-C", str(self.root / plan.broken))
            assert said.status == 0, said.stderr
        if self.is_due("over", plan.seconds):
            self.happen("over")
            self.runner.stop("the day is over")

    def die(self, *, at_work: bool) -> None:
        """At the next death of the plan, if it is time for one of this kind."""
        number = sum(each.startswith("death") for each in self.happened)
        deaths = self.plan.deaths[number : number + 1]
        if deaths and self.clock.offset >= deaths[0] and bool(number) is at_work:
            self.settle()
            self.happen(f"death {number}")
            os.kill(os.getpid(), signal.SIGKILL)

    # -- time

    def at_work(self) -> bool:
        """Whether something runs that wakes the event loop when it is over. What hangs does not hold time up."""
        found = self.threads.under_way > 0 or any(
            not future.done()
            for name, loop in list(self.loops.items())
            if name != self.hung
            for future in list(loop.context.errands._running.values())
        )
        if found:
            self.still = 0.0
            if self.threads.under_way == 0:
                self.die(at_work=True)
        return found

    def rest(self, seconds: float) -> None:
        """Nobody is at work: time moves on, at most by so much."""
        if "over" in self.happened:
            self.clock.advance(seconds)
            return
        self.die(at_work=False)
        looks = self.clock.offset >= self.look_at
        if self.still >= 2 * STILL:
            self.conserves()
            if looks:
                self.look()
                self.look_at = self.clock.offset + self.plan.look_every
        now = self.clock.offset
        ends = min((each.due for each in self.playing), default=now + seconds)
        step = max(0.0, min(seconds, ends - now, STILL if looks else seconds))
        if self.loops:
            self.count(step)
        self.clock.advance(step)
        self.still += step
        self.script()
        for each in [each for each in self.playing if each.due <= self.clock.offset]:
            self.still = 0.0
            self.finish(each)

    # -- what must hold at any moment

    def conserves(self) -> None:
        """No slot is free while a repository could take it."""
        used = {name: loop.context.slots_used() for name, loop in self.loops.items()}
        if sum(used.values()) >= self.plan.slots or self.hung:
            return
        for lane in self.runner._pool.lanes:
            assert not lane.contends, f"a slot is free, and {lane} does not take it"

    def look(self) -> None:
        """Hold what the operator is told against what is so."""
        said = run("repos", "status", "--json")
        assert said.status == 0, said.stderr
        document = said.document
        used = sum(loop.context.slots_used() for loop in self.loops.values())
        assert document["fleet"]["pid"] == os.getpid()
        assert document["slots"] == {"used": used, "total": self.plan.slots}
        assert (document["fleet"]["limited_until"] is not None) == self.limited()
        for shape in document["repositories"]:
            self.look_at_repository(shape)
        self.write(looked=True)

    def look_at_repository(self, shape: dict[str, Any]) -> None:
        name = shape["name"]
        context = self.loops[name].context
        halted = name == self.plan.broken and self.halted()
        state = "halted" if halted else "parked" if self.limited() else "running"
        assert shape["problem"] is None, shape
        assert shape["loop"]["loop"]["state"] == state, (shape, state)
        assert (shape["closed"] is not None) == (state != "running"), (shape, state)
        assert shape["loop"]["slots"]["used"] == context.slots_used(), shape
        sessions = {(each["issue"], each["role"]) for each in shape["loop"]["sessions"]}
        plays = {(job.issue, str(each.order.role)) for each in self.playing_in(name) for job in [self.job_of(each)]}
        assert sessions == plays, (shape, plays)
        if name == self.hung:
            return
        for each in self.playing_in(name)[:1]:
            told = self.explained(name, self.job_of(each).issue)
            assert told["running"] is True
            assert any(f"the {each.order.role} is at it" in reason["text"] for reason in told["reasons"]), told
        waiting = context.store.jobs.select("state = 'queued'", limit=1)
        if waiting:
            told = self.explained(name, waiting[0].issue)
            texts = [reason["text"] for reason in told["reasons"]]
            assert told["running"] is False
            assert state == "running" or state in {reason["code"] for reason in told["reasons"]}, told
            full = sum(loop.context.slots_used() for loop in self.loops.values()) == self.plan.slots
            assert (f"all {self.plan.slots} slots of the fleet are taken" in texts) == full, (told, full)

    def explained(self, name: str, issue: int) -> dict[str, Any]:
        said = run("repos", "explain", name, str(issue), "--json")
        assert said.status == 0, said.stderr
        return cast(dict[str, Any], said.document)

    def playing_in(self, name: str) -> list[Playing]:
        return [each for each in self.playing if each.name == name]

    def job_of(self, played: Playing) -> Job:
        store = self.loops[played.name].context.store
        row = store.sessions.last("session = ?", played.order.id)
        assert row is not None
        assert row.job is not None
        return store.jobs.get(row.job)

    # -- the fleet

    def run(self) -> None:
        wire(self)
        given = Invocation(
            output=Output(stdout=sys.stdout, stderr=sys.stderr, environ=os.environ), environ=dict(os.environ)
        )
        records = Records(places.state_of(given))
        self.runner = AsyncRunner(
            places.fleet_of(given),
            records,
            open_loop=lambda entry, slots: self.opened(given, entry, slots),
            reload=running.reloading(places.file_of(given)),
            tell=lambda name, error: self.told.append(f"{name}: {error!r}"),
            now=self.clock.now,
            monotonic=self.clock.monotonic,
        )
        time = MovedTime(self.clock, self.at_work, self.rest)
        time.set_default_executor(self.threads)
        with asyncio.Runner(loop_factory=lambda: time) as loop:
            loop.run(self.runner.run())
        self.settle()
        self._log.close()
        records.close()
        assert self.told == []

    def opened(self, given: Invocation, entry: Repository, slots: Slots) -> Wired:
        wired = running.open_loop(given, entry, slots)
        cast(Played, wired.context.agents).name = entry.name
        wired.context.sinks = ()
        self.loops[entry.name] = wired
        return wired


def wire(life: Life) -> None:
    """Put what is played and the moved clock where the product has the real ones."""

    def agents(*, on_news: Callable[[], None], **_rest: object) -> Played:
        made = Played({}, clock=life.clock, on_news=on_news)
        made.life = life
        return made

    replaced: dict[str, Any] = {
        "ClaudeAgents": agents,
        "LocalCommands": lambda **_rest: ShellCommands(),
        "SystemClock": lambda: life.clock,
        "SQLiteQueue": partial(SQLiteQueue, clock=life.clock),
    }
    moved = {
        **{(wiring, name): value for name, value in replaced.items()},
        (trackers, "SystemClock"): lambda: life.clock,
    }
    moved |= {(asking, "_now"): life.clock.now, (project, "now"): life.clock.now}
    for (module, name), value in moved.items():
        setattr(module, name, value)
    pace.BETWEEN_WRITES = 0.0


def read_day(root: Path) -> list[dict[str, Any]]:
    """What the lives so far have written down."""
    path = root / "day.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


if __name__ == "__main__":
    place = Path(sys.argv[1])
    Life(place, Plan(**json.loads((place / "plan.json").read_text()))).run()
