"""The queue that lasts: rows of one SQLite database.

Owns: which statement runs when, and in which transaction. Must not: know what a payload means.

On a database of its own, or on one that is shared: then its calls join the open transaction of the calling thread, and
an ack and the push of what follows commit together.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection, Row
from typing import TYPE_CHECKING

from forge_loop.database import Database, Durability
from forge_loop.errors import LeaseLost, NoSuchDeadJobError, QueueError
from forge_loop.queue import depth, owners, reading, statements
from forge_loop.queue.contract import (
    CONSUMER_DIED,
    DEFAULT_PRIORITY,
    JSON,
    LEASE_ENDED,
    DeadJob,
    Delivery,
    Push,
    QueuedJob,
    check_delay,
    check_lease,
    check_max_deliveries,
    check_moment,
    check_push,
    encoded,
)
from forge_loop.queue.places import QueueDepth
from forge_loop.queue.queue_time import BootTime, GivenTime, QueueTime, after, boot_id, due_at, moment

if TYPE_CHECKING:
    from forge_loop.ports import Clock

_COMPONENT = "queue"
_SCHEMA = Path(__file__).parent / "schema"
_SWEEP_SECONDS = 0.2
_LOOK_SECONDS = 0.5
_MARK_MICROSECONDS = 60_000_000


class SQLiteQueue:
    """A queue in one SQLite file, or in a Database that others use too. Implements Queue.

    `durability` is that of a Database made here: with "full" what returned is on disk. A job delivered `max_deliveries`
    times is dead; None is no limit. `clock` replaces the boot clock, for tests and rehearsals.
    Raises what Database raises.
    """

    def __init__(
        self,
        path: Path | str | Database,
        *,
        durability: Durability = "full",
        max_deliveries: int | None = 5,
        clock: Clock | None = None,
    ) -> None:
        check_max_deliveries(max_deliveries)
        self._limit = max_deliveries or depth.UNLIMITED
        self._own_database = not isinstance(path, Database)
        self._database = path if isinstance(path, Database) else Database(Path(path), durability=durability)
        self._lock_directory = self._database.path.with_name(f"{self._database.path.name}-owners")
        self._turn = threading.Lock()
        self._owner: owners.Owner | None = None
        self._name = f"pid {os.getpid()}"
        self._next_sweep = 0.0
        self._marked = 0
        try:
            self._database.migrate(_COMPONENT, [script.read_text() for script in sorted(_SCHEMA.glob("*.sql"))])
            self._time: QueueTime = GivenTime(clock) if clock is not None else self._boot_time()
        except BaseException:
            self.close()
            raise

    def push(
        self,
        payload: Mapping[str, JSON],
        *,
        key: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        not_before: datetime | None = None,
    ) -> int | None:
        item = Push(payload=payload, key=key, priority=priority, not_before=not_before)
        check_push(item)
        return self._push(item, encoded(payload))

    def push_many(self, items: Iterable[Push]) -> list[int | None]:
        pushed = [(item, encoded(item.payload)) for item in items]
        for item, _ in pushed:
            check_push(item)
        if not pushed:
            return []
        ids: list[int | None] = []
        wakes = 0
        with self._database.transaction() as connection:
            for item, payload in pushed:
                values, near = self._row(item, payload)
                done = connection.execute(statements.PUSH, values)
                wakes += near and done.rowcount > 0
                ids.append(done.lastrowid if done.rowcount > 0 else self._push_after_all(values, near=near))
            self._database.wake(wakes)
        return ids

    def pop(self, *, lease_seconds: float = 60, owner: str = "") -> Delivery | None:
        check_lease(lease_seconds)
        self._sweep()
        now = self._time.now()
        self._mark(now)
        until = after(now, lease_seconds)
        token = int.from_bytes(os.urandom(7), "big")
        lock = self._lock_name()
        values = {"now": now, "until": until, "token": token, "lock": lock, "owner": owner or self._name}
        # A claim that a power cut takes back is a job delivered once more, which is allowed: no flush.
        rows, _, _ = self._database.write(statements.CLAIM, values, flush=False)
        if not rows:
            with self._database.transaction(flush=False) as connection:
                if self._settle(connection, now):
                    rows = connection.execute(statements.CLAIM, values).fetchall()
        return self._delivery(rows[0], token, until) if rows else None

    def wait(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while True:
            self._sweep()
            pause = self._pause()
            left = deadline - time.monotonic()
            if pause <= 0 or left <= 0:
                return pause <= 0
            # One ring is taken, so that n rings wake n waiters. If it was an old one, so are the others.
            if self._database.wait(min(pause, left), every=False) and self._pause() > 0:
                self._database.wait(0)

    def ack(self, delivery: Delivery) -> None:
        self._finish(delivery, statements.ACK)

    def nack(self, delivery: Delivery, *, delay: float = 0, reason: str = "") -> None:
        check_delay(delay)
        due = after(self._time.now(), delay) if delay else None
        self._finish(delivery, statements.NACK, due=due, reason=reason, limit=self._limit)

    def release(self, delivery: Delivery, *, not_before: datetime | None = None) -> None:
        check_moment(not_before)
        self._finish(delivery, statements.RELEASE, due=self._due(not_before))

    def extend(self, delivery: Delivery, lease_seconds: float) -> None:
        check_lease(lease_seconds)
        now = self._time.now()
        self._change(delivery, statements.EXTEND, {"now": now, "until": after(now, lease_seconds)}, flush=False)

    def reschedule(self, key: str, *, not_before: datetime | None = None) -> bool:
        check_moment(not_before)
        due = self._due(not_before)
        with self._database.transaction() as connection:
            self._settle(connection, self._time.now())
            values = {"key": key, "due": due}
            _, changed, _ = self._database.write(statements.RESCHEDULE, values, wake=self._is_near(due))
        return changed > 0

    def has_key(self, key: str) -> bool:
        return reading.has_key(self._database, key, self._time.now(), self._limit)

    def depth(self) -> QueueDepth:
        return depth.depth(self._database, self._time.now(), self._limit)

    def jobs(self) -> list[QueuedJob]:
        return reading.jobs(self._database, self._time, self._limit)

    def dead(self) -> list[DeadJob]:
        return reading.dead(self._database, self._time.now(), self._limit)

    def requeue(self, job_id: int) -> None:
        with self._database.transaction() as connection:
            self._settle(connection, self._time.now())
            rows = connection.execute(statements.DEAD_KEY, {"id": job_id}).fetchall()
            if not rows:
                raise NoSuchDeadJobError(f"there is no dead job {job_id}", hint="forge-loop queue dead")
            if connection.execute(statements.LIVE_KEY, {"key": rows[0]["key"]}).fetchall():
                raise QueueError(f"a live job has the key of job {job_id}, {rows[0]['key']!r}")
            connection.execute(statements.REQUEUE, {"id": job_id})
            self._database.wake()

    def close(self) -> None:
        with self._turn:
            if self._owner is not None:
                self._owner.close()
                self._owner = None
        if self._own_database:
            self._database.close()

    def _push(self, item: Push, payload: str) -> int | None:
        values, near = self._row(item, payload)
        _, added, job_id = self._database.write(statements.PUSH, values, wake=near)
        return job_id if added else self._push_after_all(values, near=near)

    def _row(self, item: Push, payload: str) -> tuple[dict[str, JSON], bool]:
        """The values of a new row, and whether a waiter wants to know of it."""
        due = None if item.not_before is None else self._due(item.not_before)
        values = {"due": due, "priority": item.priority, "key": item.key, "payload": payload}
        return values, due is None or self._is_near(due)

    def _push_after_all(self, values: dict[str, JSON], *, near: bool) -> int | None:
        """The key may belong to a job whose last lease has just ended: dead, though its row does not say so yet."""
        with self._database.transaction() as connection:
            if not self._settle(connection, self._time.now()):
                return None
            _, added, job_id = self._database.write(statements.PUSH, values, wake=near)
        return job_id if added else None

    def _finish(self, delivery: Delivery, statement: str, *, due: int | None = None, **values: JSON) -> None:
        wake = statement is not statements.ACK and self._is_near(due)
        values |= {"now": self._time.now(), "due": due}
        self._database.insist(lambda: self._change(delivery, statement, values, wake=wake))

    def _change(
        self,
        delivery: Delivery,
        statement: str,
        values: dict[str, JSON],
        *,
        flush: bool = True,
        wake: bool = False,
    ) -> None:
        """Change a job that is still held by this delivery. Raises LeaseLost."""
        held = {"id": delivery.job_id, "token": delivery.token, **values}
        _, changed, _ = self._database.write(statement, held, flush=flush, wake=wake)
        if not changed:
            raise LeaseLost(f"delivery {delivery.delivery} of job {delivery.job_id} ended or was taken over")

    def _settle(self, connection: Connection, now: int) -> bool:
        """Give back what is due again. Whether there was any."""
        if not connection.execute(statements.ANY_DUE, {"now": now}).fetchall():
            return False
        connection.execute(statements.BACK_DUE, {"now": now, "limit": self._limit, "reason": LEASE_ENDED})
        return True

    def _mark(self, now: int) -> None:
        """Write down, once a minute, how far the time has come: after a reboot it goes on from there."""
        if now - self._marked > _MARK_MICROSECONDS:
            self._database.write(statements.REACHED, {"now": now}, flush=False)
            self._marked = now

    def _sweep(self) -> None:
        """Give back what dead consumers held, without waiting for their leases."""
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + _SWEEP_SECONDS
        holders = [row["lock"] for row in self._database.query(statements.HOLDERS)]
        dead = [name for name in holders if owners.is_dead(self._lock_directory, name)]
        if not dead:
            return
        with self._database.transaction(flush=False) as connection:
            for name in dead:
                connection.execute(statements.BACK_FROM, {"lock": name, "limit": self._limit, "reason": CONSUMER_DIED})
            self._database.wake()
        for name in dead:
            owners.remove(self._lock_directory, name)

    def _pause(self) -> float:
        """Seconds until it is worth looking again; 0 if a job may be due."""
        row = self._database.query(statements.OUTLOOK)[0]
        if row["ready"]:
            return 0.0
        longest = _LOOK_SECONDS if row["leased_until"] is None else _SWEEP_SECONDS
        ends = [until for until in (row["delayed_until"], row["leased_until"]) if until is not None]
        if not ends:
            return longest
        seconds: float = (min(ends) - self._time.now()) / 1e6
        return min(max(seconds, 0.0), longest)

    def _is_near(self, due: int | None) -> bool:
        """Whether a job is due before the waiters look by themselves, so that they have to be woken for it."""
        return due is None or due - self._time.now() < _LOOK_SECONDS * 1e6

    def _due(self, not_before: datetime | None) -> int | None:
        if not_before is None:
            return None
        now = self._time.now()
        due = due_at(self._time, not_before, now)
        return due if due > now else None

    def _lock_name(self) -> str:
        with self._turn:
            if self._owner is None:
                self._owner = owners.Owner(self._lock_directory)
            return self._owner.name

    def _delivery(self, row: Row, token: int, until: int) -> Delivery:
        return Delivery(
            job_id=row["id"],
            payload=json.loads(row["payload"]),
            key=row["key"],
            priority=row["priority"],
            delivery=row["deliveries"],
            token=token,
            leased_until=moment(self._time, until),
        )

    def _boot_time(self) -> BootTime:
        """The time that all processes of this boot share; the first of a boot writes it down."""
        here = boot_id()
        found = depth.stored_time(self._database)
        rows = self._database.query("SELECT 1 FROM queue_clock WHERE boot_id = ?", (here,))
        if rows:
            return found
        with self._database.transaction() as connection:
            found = depth.stored_time(self._database)
            connection.execute(statements.MARK, {"boot_id": here, "ahead": found.offset, "reached": found.now()})
        return found
