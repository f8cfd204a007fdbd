"""SQLiteQueue, and the bare sqlite3 statements that are its measure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

from benchmarks.queue.contender import Claim, Job, polled
from forge_loop.queue import Delivery, Push, SQLiteQueue, statements

_FAR = 2**60


class Ours:
    def __init__(self, directory: Path, *, durability: Literal["full", "normal"] = "full") -> None:
        self._queue = SQLiteQueue(directory / "queue.db", durability=durability)

    def push(self, job: Job) -> None:
        self._queue.push(job)

    def push_batch(self, jobs: Sequence[Job]) -> None:
        self._queue.push_many([Push(payload=job) for job in jobs])

    def claim(self) -> Claim | None:
        delivery = self._queue.pop()
        return None if delivery is None else (dict(delivery.payload), delivery)

    def ack(self, receipt: Delivery) -> None:
        self._queue.ack(receipt)

    def claim_when_there(self) -> Claim | None:
        return self.claim() if self._queue.wait(1) else None

    def close(self) -> None:
        self._queue.close()


class _Statements:
    """One statement, one transaction, in SQLite's own way: it flushes and it retries when another process writes."""

    def __init__(self, directory: Path, schema: Sequence[str]) -> None:
        self._connection = sqlite3.connect(directory / "queue.db", isolation_level=None, timeout=60)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
        self._connection.execute("PRAGMA synchronous = FULL").fetchall()
        if not self._connection.execute("SELECT name FROM sqlite_schema").fetchall():
            for script in schema:
                self._connection.executescript(script)

    def push(self, job: Job) -> None:
        raise NotImplementedError

    def push_batch(self, jobs: Sequence[Job]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            self.push(job)
        self._connection.execute("COMMIT")

    def claim(self) -> Claim | None:
        raise NotImplementedError

    def claim_when_there(self) -> Claim | None:
        return polled(self.claim, pause=0.01)

    def close(self) -> None:
        self._connection.close()


class OurStatements(_Statements):
    """The tables and statements of SQLiteQueue."""

    def __init__(self, directory: Path) -> None:
        schema = sorted(files("forge_loop.queue").joinpath("schema").iterdir(), key=lambda script: script.name)
        super().__init__(directory, [script.read_text() for script in schema])
        self._claims = 0

    def push(self, job: Job) -> None:
        values = {"due": None, "priority": 2, "key": None, "payload": json.dumps(job)}
        self._connection.execute(statements.PUSH, values)

    def claim(self) -> Claim | None:
        self._claims += 1
        values = {"now": 1, "until": _FAR, "token": self._claims, "lock": "lock", "owner": "owner"}
        rows = self._connection.execute(statements.CLAIM, values).fetchall()
        return (json.loads(rows[0]["payload"]), (rows[0]["id"], self._claims)) if rows else None

    def ack(self, receipt: tuple[int, int]) -> None:
        self._connection.execute(statements.ACK, {"id": receipt[0], "token": receipt[1], "now": 1})


class FewestColumns(_Statements):
    """The least that a queue can do with an ack: no lease, no priority, no delay, no key, no count."""

    def __init__(self, directory: Path) -> None:
        table = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, taken INTEGER NOT NULL DEFAULT 0, payload TEXT)"
        super().__init__(directory, [table, "CREATE INDEX ready ON jobs (id) WHERE taken = 0"])

    def push(self, job: Job) -> None:
        self._connection.execute("INSERT INTO jobs (payload) VALUES (?)", (json.dumps(job),))

    def claim(self) -> Claim | None:
        rows = self._connection.execute(
            "UPDATE jobs SET taken = 1 WHERE id = (SELECT id FROM jobs WHERE taken = 0 LIMIT 1) RETURNING id, payload"
        ).fetchall()
        return (json.loads(rows[0]["payload"]), rows[0]["id"]) if rows else None

    def ack(self, receipt: int) -> None:
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (receipt,))
