"""A night of the loop: many issues, the command line in processes of its own, and what goes wrong on the way.

Owns: the cast with the end each part must come to, the model's service with its limits and outages, the processes and
the operator's commands. Must not: reach into the loop; it reads the database and types commands.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from behaviours.critics import blocking, reviews
from behaviours.outages import limit_headers
from behaviours.stage import Stage, issue_of
from behaviours.workers import SAVE, does, says
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.limits import park_until
from forge_loop.rehearsal.model import Answer, Reply, Request, report
from forge_loop.status import open_store_read_only
from forge_loop.store import LoopRow
from support.scripted import APPROVAL, WORK, critic, findings, play, rounds

CONFIG = """\
forge: local
checks: ["test ! -e broken || { echo it is broken; exit 1; }"]
scheduling: {parallel: SLOTS, tick_seconds: 1, max_open_pull_requests: 1000, max_jobs_per_hour: 1000}
sandbox: {mode: "off"}
po: {enabled: false}
retry: {attempts: 3, cooldown: 1s}
watchdog: {warn: 20s, stop: STOPs}
"""
STEP = 900.0  # until the next thing that must happen
ECHO = ("Bash", {"command": "echo still waiting"})
WINDOW = range(8, 30)  # seconds from now among which a limit's reset time is chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one issue's sessions do, and the end it must come to: `charged` attempts of `attempts`."""

    worker: Answer
    state: JobState = JobState.MERGED
    says: str = "merged as"
    charged: int = 0
    attempts: int = 1
    critic: Answer = field(default_factory=critic)


class Together:
    """Members that wait for each other at their first attempt, with signs of life, and then do the same."""

    def __init__(self, members: int) -> None:
        self._members = members
        self._arrived: set[int] = set()
        self.all_here = threading.Event()

    def meet(self, then: Reply, later: Answer) -> Answer:
        def answer(request: Request) -> Reply:
            if tried_before(request):
                return later(request)
            self._arrived.add(issue_of(request))
            if len(self._arrived) == self._members:
                self.all_here.set()
            if self.all_here.is_set():
                return then
            return Reply(tools=(ECHO,), until=self.all_here, wait=8.0)

        return answer


def tried_before(request: Request) -> bool:
    """Whether the brief tells of an earlier attempt."""
    return "attempt 1: failed" in request.prompt


def at_first(first: Answer, later: Answer) -> Answer:
    return lambda request: (later if tried_before(request) else first)(request)


def stuck_at_first() -> Part:
    silent = play(Reply(text="never", until=threading.Event()))
    return Part(worker=at_first(silent, does(SAVE)), charged=1, attempts=2)


def small_cast() -> list[Part]:
    return [
        stuck_at_first(),
        Part(worker=says("blocked", "no such API"), state=JobState.GIVEN_UP, says="no such API"),
        Part(worker=does(SAVE)),
    ]


def cast(size: int) -> list[Part]:
    """The parts of a night of `size` issues, in the issues' order."""
    three = Together(3)
    well = does(SAVE)
    special = {
        1: stuck_at_first(),
        2: Part(worker=says("blocked", "no such API"), state=JobState.GIVEN_UP, says="no such API"),
        3: Part(worker=rounds(does("touch broken", SAVE), does("git rm -q broken", SAVE))),
        4: Part(worker=well, critic=reviews(findings("the full stop is missing"), APPROVAL)),
        5: Part(
            worker=well,
            state=JobState.HANDED_OVER,
            says="it opens a door",
            critic=critic(blocking("it opens a door", "security")),
        ),
        6: Part(worker=play(report(WORK)), state=JobState.GIVEN_UP, says="3 attempts failed", charged=3, attempts=3),
        7: Part(worker=does("git rm -q tests/test_more.py", SAVE), state=JobState.HANDED_OVER, says="deletes tests"),
        8: Part(worker=says("superseded", "by another"), state=JobState.HANDED_OVER, says="by another"),
        9: Part(worker=rounds(does("echo x > new.txt"), does(SAVE))),
    }
    trio = Part(worker=three.meet(report({**WORK, "notes": "together"}), well), charged=1, attempts=2)
    places = range(size // 2, size // 2 + 3)
    return [special.get(number) or (trio if number in places else Part(worker=well)) for number in range(1, size + 1)]


@dataclass
class Service:
    """What stands between the scripts and the sessions: until `limited` every request meets the account's limit,
    until `down` every one an overloaded service. With `limit_next` the next request finds the account
    limited, with `overload_next` the service overloaded: however busy the machine is, somebody meets it."""

    limited: datetime | None = None
    down: datetime | None = None
    limit_next: bool = False
    overload_next: bool = False

    def over(self, answer: Answer) -> Answer:
        def said(request: Request) -> Reply:
            if self.limit_next:
                self.limit_next = False
                self.limit()
            if self.overload_next:
                self.overload_next = False
                self.overload(5.0)
            now = datetime.now(UTC)
            if self.limited is not None and now < self.limited:
                return Reply(status=429, error=("rate_limit_error", "limit"), headers=limit_headers(self.limited))
            if self.down is not None and now < self.down:
                return Reply(status=529, error=("overloaded_error", "overloaded"))
            return answer(request)

        return said

    def limit(self) -> None:
        """The account is limited until a moment soon, after which the loop adds as little as it may."""
        now = datetime.now(UTC).replace(microsecond=0)
        resets = [now + timedelta(seconds=seconds) for seconds in WINDOW]
        self.limited = min(resets, key=lambda at: park_until(resets_at=at, parked_until=None, now=now))

    def overload(self, seconds: float) -> None:
        self.down = datetime.now(UTC) + timedelta(seconds=seconds)


class Night:
    """`stop` are the seconds of silence after which the watchdog ends a session."""

    def __init__(self, root: Path, parts: Sequence[Part], *, slots: int = 3, stop: int = 60) -> None:
        self.stage = Stage(root)
        self.service = Service()
        self.parts = dict(enumerate(parts, start=1))
        self.kills = 0
        (self.stage.project / "forge-loop.yaml").write_text(
            CONFIG.replace("SLOTS", str(slots)).replace("STOP", str(stop))
        )
        for number, part in self.parts.items():
            scripts = {"worker": self.service.over(part.worker), "critic": self.service.over(part.critic)}
            assert self.stage.issue(f"issue {number}", scripts) == number
        self._log = (root / "stderr.log").open("ab")
        self._loop: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        where = ["-C", str(self.stage.project), "--state-dir", str(self.stage.layout.root)]
        return [sys.executable, "-m", "forge_loop", *words, *where]

    def start(self) -> None:
        self._loop = subprocess.Popen(
            self.command("run"), env=self.stage.environ(), stdout=subprocess.DEVNULL, stderr=self._log
        )

    def kill(self) -> None:
        """As the kernel would: nothing of the loop's own gets to run."""
        assert self._loop is not None
        assert self._loop.poll() is None
        os.kill(self._loop.pid, signal.SIGKILL)
        self._loop.wait(60)
        self.kills += 1

    def says(self, *words: str) -> str:
        """What one of the operator's commands prints. `status` of a stopped loop has an exit code of its own."""
        done = subprocess.run(
            self.command(*words), env=self.stage.environ(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode in (0, 3), (words, done.stdout, done.stderr)
        return done.stdout

    def reads(self, *words: str) -> Any:
        return json.loads(self.says(*words, "--json"))

    def jobs(self) -> list[Job]:
        with open_store_read_only(self.stage.layout.root) as opened:
            return opened[0].jobs.select() if opened is not None else []

    def loop(self) -> LoopRow:
        with open_store_read_only(self.stage.layout.root) as opened:
            assert opened is not None
            return opened[0].loop()

    def merged(self) -> int:
        return sum(job.state is JobState.MERGED for job in self.jobs())

    def over(self) -> bool:
        jobs = self.jobs()
        return len(jobs) == len(self.parts) and all(job.state.terminal for job in jobs)

    def until(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + STEP
        while not reached():
            assert time.monotonic() < deadline, f"{what} never came: {[(j.issue, j.state) for j in self.jobs()]}"
            assert self._loop is None or self._loop.poll() is None, f"the loop ended before {what}"
            threading.Event().wait(0.25)

    def stop(self) -> None:
        self.says("stop")
        assert self._loop is not None
        assert self._loop.wait(60) == 0

    def close(self) -> None:
        if self._loop is not None and self._loop.poll() is None:
            self._loop.kill()
            self._loop.wait(60)
        self._log.close()
        self.stage.close()
