"""What is measured of a contender, each in a fresh directory.

Owns: the loops and the clock around them. Must not: know which contender it is, or print.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.queue.child import LAST
from benchmarks.queue.contender import Contender, Queue

BATCH = 100
PRODUCERS = CONSUMERS = 4
WAKE_UPS = 100
_BETWEEN_WAKE_UPS = 0.02
_FILL = 10_000
_CLAIMS = 300


@dataclass(frozen=True, slots=True)
class Figures:
    """Jobs per second and the like by name; `delays` in milliseconds, pooled over the rounds."""

    rates: dict[str, float]
    delays: tuple[float, ...] = ()


Measure = Callable[[Contender, Path, int], Figures]


@contextmanager
def opened(contender: Contender, directory: Path) -> Iterator[Queue]:
    with contender.server(directory):
        queue = contender.open(directory)
        try:
            yield queue
        finally:
            queue.close()


def _per_second(act: Callable[[], object], jobs: int) -> float:
    begun = time.perf_counter()
    act()
    return jobs / (time.perf_counter() - begun)


def alone(contender: Contender, directory: Path, jobs: int) -> Figures:
    """One process: pushes one by one, then claims and acks one by one."""
    with opened(contender, directory) as queue:
        rates = {"push": _per_second(lambda: [queue.push({"number": number}) for number in range(jobs)], jobs)}
        if not contender.only_pushes:
            rates["claim + ack"] = _per_second(lambda: [_take(queue) for _ in range(jobs)], jobs)
    return Figures(rates)


def _take(queue: Queue) -> None:
    found = queue.claim()
    assert found is not None
    queue.ack(found[1])


def batch(contender: Contender, directory: Path, jobs: int) -> Figures:
    """One process: a hundred jobs in one transaction, again and again."""
    rounds = max(jobs // 20, 1)
    hundred = [{"number": number} for number in range(BATCH)]
    with opened(contender, directory) as queue:
        try:
            queue.push_batch(hundred)
        except NotImplementedError:
            return Figures({})
        rate = _per_second(lambda: [queue.push_batch(hundred) for _ in range(rounds)], rounds * BATCH)
    return Figures({f"push, {BATCH} at once": rate})


def producers(contender: Contender, directory: Path, jobs: int) -> Figures:
    """Four processes push at once."""
    each = jobs // PRODUCERS
    with opened(contender, directory), ExitStack() as stack:
        children = [stack.enter_context(_child("produce", contender, directory, each)) for _ in range(PRODUCERS)]
        begun = time.perf_counter()
        for child in children:
            child.begin()
        for child in children:
            child.told()
        seconds = time.perf_counter() - begun
    return Figures({f"push, {PRODUCERS} processes": each * PRODUCERS / seconds})


def mixed(contender: Contender, directory: Path, jobs: int) -> Figures:
    """One process pushes while four take: until the last one has been taken. And how many were given twice."""
    if contender.only_pushes:
        return Figures({})
    with opened(contender, directory) as queue, ExitStack() as stack:
        consumers = [stack.enter_context(_child("consume", contender, directory, 0)) for _ in range(CONSUMERS)]
        for consumer in consumers:
            consumer.begin()
        begun = time.monotonic()
        for number in range(jobs):
            queue.push({"number": number})
        for _ in consumers:
            queue.push({"number": LAST})
        told = [consumer.told() for consumer in consumers]
    taken = [number for one in told for number in one["numbers"]]
    assert set(taken) == set(range(jobs)), f"{contender.name} lost jobs"
    seconds = max(one["until"] for one in told) - begun
    return Figures({"1 producer, 4 consumers": jobs / seconds, "given twice": float(len(taken) - jobs)})


def wake_up(contender: Contender, directory: Path, idle_seconds: int) -> Figures:
    """From the beginning of a push to its claim in another process that waited; and what waiting costs."""
    if contender.only_pushes:
        return Figures({})
    with opened(contender, directory) as queue, _child("be_woken", contender, directory, idle_seconds) as waiter:
        waiter.begin()
        assert waiter.line() == "idle"
        for _ in range(WAKE_UPS):
            time.sleep(_BETWEEN_WAKE_UPS)
            queue.push({"number": time.monotonic_ns()})
        queue.push({"number": LAST})
        told = waiter.told()
    return Figures({"idle, % of a CPU": told["idle"] * 100}, tuple(told["delays"]))


def claim_cost(contender: Contender, directory: Path, depth: int) -> float:
    """The median microseconds of a claim with so many jobs ready."""
    with opened(contender, directory) as queue:
        for first in range(0, depth, _FILL):
            queue.push_batch([{"number": number} for number in range(first, min(first + _FILL, depth))])
        costs = []
        patience = time.monotonic() + 20
        for number in range(_CLAIMS):
            begun = time.perf_counter()
            found = queue.claim()
            costs.append(time.perf_counter() - begun)
            assert found is not None
            queue.ack(found[1])
            queue.push({"number": number})
            if time.monotonic() > patience:
                break
    return statistics.median(costs) * 1e6


class _Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.line())
        return told


@contextmanager
def _child(role: str, contender: Contender, directory: Path, number: int) -> Iterator[_Child]:
    words = [sys.executable, "-m", "benchmarks.queue.child", role, contender.name, str(directory), str(number)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        child = _Child(process)
        try:
            assert child.line() == "ready"
            yield child
        except BaseException:
            process.kill()
            raise
