"""The event log: gapless, in order, and of one piece with the changes it tells of."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from forge_loop.database import Database
from forge_loop.domain.events import ConfigReloaded, FindingOpened, LoopStopped
from forge_loop.store import Store, open_store
from support.samples import NOW
from support.stored import undone

WRITES = 60


def stopped(store: Store, reason: str) -> None:
    store.events.append(LoopStopped(reason=reason), at=NOW)


def test_events_count_from_one_and_come_back_in_order(store: Store) -> None:
    assert (store.events.newest(), store.events.after(0)) == (0, [])
    for reason in ("one", "two", "three"):
        stopped(store, reason)
    found = store.events.after(0)
    assert [(event.seq, event.data["reason"]) for event in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert store.events.newest() == 3
    assert [event.seq for event in store.events.after(1)] == [2, 3]
    assert [event.seq for event in store.events.after(0, limit=2)] == [1, 2]
    assert store.events.after(3) == []


def test_an_event_keeps_what_it_is_about(store: Store) -> None:
    store.update_loop(repo="owner/name")
    event = ConfigReloaded(changed=("retry.attempts", "labels.ready"))
    store.events.append(event, at=NOW, issue=42, job=7, attempt=12, session="s")
    (found,) = store.events.after(0)
    assert (found.seq, found.at, found.kind, found.repo) == (1, NOW, "config.reloaded", "owner/name")
    assert (found.issue, found.job, found.attempt, found.session) == (42, 7, 12, "s")
    assert found.data == {"changed": ["retry.attempts", "labels.ready"]}


def test_an_event_that_is_undone_leaves_no_gap(store: Store) -> None:
    stopped(store, "one")
    with undone(store):
        stopped(store, "undone")
        assert store.events.newest() == 2
    stopped(store, "two")
    assert [(event.seq, event.data["reason"]) for event in store.events.after(0)] == [(1, "one"), (2, "two")]


def test_text_that_utf8_cannot_hold_stops_no_reader(store: Store) -> None:
    finding = {"finding": 1, "severity": "sev3", "category": "docs", "file": None, "line": None}
    store.events.append(FindingOpened(**finding, message="half a pair: \ud800"), at=NOW)  # type: ignore[arg-type]
    (found,) = store.events.after(0)
    assert json.loads(found.line().encode())["data"]["message"] == "half a pair: ?"


def test_two_writers_leave_no_gap_and_no_double(path: Path, store: Store) -> None:
    """Two connections write at once, and every third transaction of each is undone."""
    start = Barrier(2)

    def write(name: str) -> None:
        database = Database(path, durability="normal")
        own = open_store(database)
        start.wait(timeout=30)
        for index in range(WRITES):
            if index % 3 == 2:
                with undone(own):
                    stopped(own, "undone")
            else:
                stopped(own, f"{name} {index}")
        database.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("a", "b")))
    found = store.events.after(0)
    kept = [index for index in range(WRITES) if index % 3 != 2]
    assert [event.seq for event in found] == list(range(1, 2 * len(kept) + 1))
    for name in ("a", "b"):
        reasons = [event.data["reason"] for event in found if event.data["reason"].startswith(name)]
        assert reasons == [f"{name} {index}" for index in kept]


PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from forge_loop.database import Database
from forge_loop.domain.events import LoopStopped
from forge_loop.store import open_store

store = open_store(Database(Path(sys.argv[1]), durability="normal"))
for _ in range(int(sys.argv[2])):
    store.events.append(LoopStopped(reason=sys.argv[3]), at=datetime.now(UTC))
"""


def test_two_processes_leave_no_gap_and_no_double(path: Path, store: Store) -> None:
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(
            lambda name: subprocess.run(
                [sys.executable, "-c", PROGRAM, str(path), str(WRITES), name], check=True, timeout=60
            ),
            ("a", "b"),
        )
        assert [process.returncode for process in ended] == [0, 0]
    found = store.events.after(0)
    assert [event.seq for event in found] == list(range(1, 2 * WRITES + 1))
    assert {name: sum(event.data["reason"] == name for event in found) for name in "ab"} == {"a": WRITES, "b": WRITES}
