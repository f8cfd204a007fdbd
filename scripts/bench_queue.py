"""Measures SQLiteQueue against the floor: bare sqlite3 statements, WAL, synchronous=FULL, same disk, same minute.

Absolute figures differ between machines and hours; the ratios hold. Each figure is the median of interleaved rounds.
"""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from forge_loop.queue import Push, SQLiteQueue

PAYLOAD = {"job": 12345}
TEXT = json.dumps(PAYLOAD)
BATCH = 10_000
PRODUCERS = 4


class Floor:
    """The least that a durable queue on SQLite does, with nothing added: one statement, one transaction, one sync."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, taken INTEGER NOT NULL DEFAULT 0, payload TEXT)",
            "CREATE INDEX IF NOT EXISTS ready ON jobs (id) WHERE taken = 0",
        ):
            self._connection.execute(statement).fetchall()

    def push(self) -> None:
        self._connection.execute("INSERT INTO jobs (payload) VALUES (?)", (TEXT,))

    def take(self) -> None:
        claim = "UPDATE jobs SET taken = 1 WHERE id = (SELECT id FROM jobs WHERE taken = 0 LIMIT 1) RETURNING id"
        (row,) = self._connection.execute(claim).fetchall()
        self._connection.execute("DELETE FROM jobs WHERE id = ?", row)

    def close(self) -> None:
        self._connection.close()


class Ours:
    def __init__(self, path: Path) -> None:
        self.queue = SQLiteQueue(path)

    def push(self) -> None:
        self.queue.push(PAYLOAD)

    def take(self) -> None:
        delivery = self.queue.pop()
        assert delivery is not None
        self.queue.ack(delivery)

    def close(self) -> None:
        self.queue.close()


Kind = type[Floor] | type[Ours]
KINDS: dict[str, Kind] = {"floor": Floor, "SQLiteQueue": Ours}


def per_second(act: Callable[[], None], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        act()
    return count / (time.perf_counter() - begun)


def one_process(kind: Kind, directory: Path, count: int) -> dict[str, float]:
    queue = kind(directory / "queue.db")
    figures = {"push": per_second(queue.push, count), "claim + ack": per_second(queue.take, count)}
    queue.close()
    return figures


def many_producers(name: str, directory: Path, count: int) -> float:
    """Pushes per second of four processes together. They begin when they are all there."""
    command = [sys.executable, __file__, "--producer", name, str(directory / "queue.db"), "--jobs", str(count)]
    KINDS[name](directory / "queue.db").close()
    producers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(PRODUCERS)]
    for producer in producers:
        assert producer.stdout is not None
        producer.stdout.readline()
    begun = time.perf_counter()
    for producer in producers:
        assert producer.stdin is not None
        producer.stdin.close()
    for producer in producers:
        if producer.wait() != 0:
            raise SystemExit(f"a producer of {name} failed")
        assert producer.stdout is not None
        producer.stdout.close()
    return PRODUCERS * count / (time.perf_counter() - begun)


def produce(name: str, path: Path, count: int) -> None:
    queue = KINDS[name](path)
    print("ready", flush=True)
    sys.stdin.read()
    for _ in range(count):
        queue.push()
    queue.close()


def one_round(count: int) -> Iterator[tuple[str, str, float]]:
    for name, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as directory:
            for what, figure in one_process(kind, Path(directory), count).items():
                yield what, name, figure
        with tempfile.TemporaryDirectory() as directory:
            yield f"push, {PRODUCERS} processes", name, many_producers(name, Path(directory), count // PRODUCERS)


def claim_cost(depth: int) -> float:
    """The median microseconds of a claim with so many jobs ready; nothing is flushed by a claim."""
    with tempfile.TemporaryDirectory() as directory:
        queue = SQLiteQueue(Path(directory) / "queue.db", durability="normal")
        for first in range(0, depth, BATCH):
            queue.push_many(Push(payload=PAYLOAD) for _ in range(min(BATCH, depth - first)))
        costs = []
        for _ in range(500):
            begun = time.perf_counter()
            delivery = queue.pop()
            costs.append(time.perf_counter() - begun)
            assert delivery is not None
            queue.ack(delivery)
            queue.push(PAYLOAD)
        queue.close()
    return statistics.median(costs) * 1e6


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--jobs", type=int, default=2000, help="jobs in each measurement")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--depths", type=int, nargs="*", default=[10, 10_000, 1_000_000])
    words.add_argument("--producer", nargs=2, metavar=("KIND", "PATH"), help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.producer:
        produce(given.producer[0], Path(given.producer[1]), given.jobs)
        return
    seen: dict[str, dict[str, list[float]]] = {}
    for _ in range(given.rounds):
        for what, name, figure in one_round(given.jobs):
            seen.setdefault(what, {}).setdefault(name, []).append(figure)
    print("| per second | sqlite3 WAL/FULL | SQLiteQueue | ratio |\n|---|--:|--:|--:|")
    for what, figures in seen.items():
        floor, ours = (statistics.median(figures[name]) for name in KINDS)
        print(f"| {what} | {floor:,.0f} | {ours:,.0f} | {ours / floor:.2f} |")
    print("\n| jobs ready | microseconds of a claim |\n|--:|--:|")
    for depth in given.depths:
        print(f"| {depth:,} | {claim_cost(depth):.0f} |")


if __name__ == "__main__":
    main()
