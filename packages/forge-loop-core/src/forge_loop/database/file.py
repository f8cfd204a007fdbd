"""A database: one SQLite file in WAL mode, its transactions, reads and wake-ups.

Owns: the order of gate, commit, wake-up and flush; which transaction a thread is in. Must not: know any table but
`schema_versions`.

Beside `state.db` stand SQLite's `-wal` and `-shm`, and `-gate` (the write gate and a page of counters), `-wake` (a
named pipe) and `-reserve` (space for a full disk). All of it belongs to one host and one local disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from forge_loop.database import connection as connections
from forge_loop.database import copy, migration
from forge_loop.database.faults import damaged, of_the_system, typed
from forge_loop.database.flush import Flush
from forge_loop.database.gate import Gate
from forge_loop.database.place import check_place
from forge_loop.database.reserve import Reserve
from forge_loop.database.transaction import OfThread, Transaction, joined, outermost
from forge_loop.database.wake_up import EVERY, WakeUp
from forge_loop.errors import DatabaseError, DatabaseFullError

_VISIT = 64

Durability = Literal["full", "normal"]
Result = TypeVar("Result")


class Database:
    """One SQLite file. Safe from many threads and processes; not across a fork.

    `durability` "full" means that a transaction is on disk when it returns; "normal" means that it survives the end of
    any process, and that a power cut may take the newest ones. `busy_timeout` is in seconds.
    The file is created with mode 0600; its directory must exist.
    Raises UnsupportedPlaceError, DatabaseDamagedError, DatabaseBusyError, DatabaseFullError, DatabaseError.
    """

    def __init__(self, path: Path, *, durability: Durability = "full", busy_timeout: float = 5.0) -> None:
        if durability not in get_args(Durability):
            raise ValueError(f"durability is one of {get_args(Durability)!r}, not {durability!r}")
        check_place(path)
        self.path = Path(os.path.realpath(path))
        self._pid = os.getpid()
        self._full = durability == "full"
        self._failure: str | None = None
        self._commits_until_settled = _VISIT
        self._of_thread = OfThread()
        self._reserve = Reserve(self._beside("reserve"))
        try:
            self._parts = self._open(busy_timeout)
        except DatabaseFullError:
            # Without room for the shared-memory file not even what is in hand could be finished.
            self._reserve.spend()
            self._parts = self._open(busy_timeout)

    def _open(self, busy_timeout: float) -> contextlib.ExitStack:
        """Open every part; what closes them all again."""
        with contextlib.ExitStack() as undo, self._translated():
            try:
                self._open_parts(busy_timeout, undo)
            except OSError as error:
                raise of_the_system(error, self.path) from error
            return undo.pop_all()

    def _open_parts(self, busy_timeout: float, undo: contextlib.ExitStack) -> None:
        self._gate = Gate(self._beside("gate"), timeout=busy_timeout)
        undo.callback(self._gate.close)
        self._gate.acquire()
        try:
            self._gate.page.settle()
            self._writer = connections.open_writer(self.path, busy_timeout=busy_timeout)
            undo.callback(self._close_writer)
            self._writer.execute(migration.CREATE)
            # The log exists for as long as the writing connection is open: the last one to close removes it.
            self._flush = Flush(self._beside("wal"), self._gate.page, patience=busy_timeout)
            undo.callback(self._flush.close)
            self._wake_up = WakeUp(self._beside("wake"))
            undo.callback(self._wake_up.close)
        finally:
            self._gate.release()
        self._readers = connections.Readers(self.path, busy_timeout=busy_timeout)
        undo.callback(self._readers.close)

    def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring the tables of one component to version `len(scripts)`; script n leads from version n to n + 1.

        Raises DatabaseNewerError if the file has a later version already.
        """
        rows = self.query(migration.READ, (component,))
        if rows and rows[0]["version"] == len(scripts):
            return
        with self.transaction() as connection:
            migration.apply(connection, component, scripts, path=self.path)

    @contextlib.contextmanager
    def transaction(self, *, flush: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, undone if the block raises.

        Within another one of the same thread it joins that one: it commits, wakes and flushes with the outermost. If an
        inner block raises, only its own changes are undone. `flush=False` is for changes whose loss in a power cut does
        no harm. Keep it short: everybody else's writes wait.
        """
        self._check_usable()
        outer = self._of_thread.transaction
        with self._translated():
            part = joined(outer, flush=flush) if outer is not None else self._outermost(flush)
            with part as connection:
                yield connection

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run one read and return all its rows. Inside this thread's transaction it sees that one's changes."""
        self._check_usable()
        mine = self._of_thread.transaction
        with self._translated():
            if mine is not None:
                return mine.connection.execute(sql, parameters).fetchall()
            with self._readers.one() as connection:
                return connection.execute(sql, parameters).fetchall()

    def insist(self, write: Callable[[], Result]) -> Result:
        """Run a write that finishes work; on a full disk, with the reserve given up for it.

        Inside a transaction the reserve is of no use: SQLite may have undone the whole of it. Then it fails.
        """
        try:
            return write()
        except DatabaseFullError:
            if self._of_thread.transaction is not None:
                raise
        self._make_room()
        self._commits_until_settled = _VISIT
        return write()

    def wake(self) -> None:
        """Wake one waiter; within a transaction, after its commit, and as many as this was called times."""
        self._check_usable()
        mine = self._of_thread.transaction
        if mine is not None:
            mine.wakes += 1
        else:
            self._wake_up.ring()

    def wait(self, timeout: float, *, every: bool = True) -> bool:
        """Wait until woken, from any process, at most `timeout` seconds. Whether that was so.

        A wake-up reaches one waiter and carries no meaning: look at the rows, and now and then look unasked. With
        `every`, all pending wake-ups are taken at once; else one, which leaves the others for other waiters.
        """
        self._check_usable()
        return self._wake_up.wait(timeout, take=EVERY if every else 1)

    @property
    def wake_fd(self) -> int:
        """A descriptor that is readable when woken, for select or an event loop. Read it through `wait(0)`."""
        return self._wake_up.descriptor

    def check(self) -> None:
        """Read the whole file and raise DatabaseDamagedError if it is not sound."""
        found = [row[0] for row in self.query("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            raise damaged(self.path, "; ".join(found))

    def backup(self, target: Path) -> None:
        """Write a consistent copy, one file of mode 0600, to `target`; whatever stood there is replaced at the end."""
        self._check_usable()
        with self._translated(), self._readers.one() as connection:
            try:
                copy.write(connection, target)
            except OSError as error:
                raise of_the_system(error, target) from error

    def close(self) -> None:
        """Close everything. Closing twice is fine; in a forked child nothing is touched."""
        if os.getpid() == self._pid:
            self._parts.close()
            self._failure = self._failure or "closed"

    @contextlib.contextmanager
    def _outermost(self, flush: bool) -> Iterator[sqlite3.Connection]:
        mine = Transaction(connection=self._writer, flush=flush)
        self._gate.acquire()
        try:
            with outermost(mine, self._of_thread) as connection:
                yield connection
            number = self._gate.page.count_commit()
            self._settle_in()
        finally:
            self._gate.release()
        if mine.wakes:
            self._wake_up.ring(mine.wakes)
        if mine.flush and self._full:
            self._bring_to_disk(number)

    def _bring_to_disk(self, number: int) -> None:
        try:
            self._flush.through(number)
        except OSError as error:
            # After a failed flush the kernel may drop what was written, and a later flush would report success.
            self._failure = f"not usable any more: a flush failed ({error.strerror}); start again"
            raise of_the_system(error, self.path) from error

    def _settle_in(self) -> None:
        """Spend disk space on speed and on safety, but not for somebody who writes a row and leaves."""
        if self._commits_until_settled == 0:
            return
        self._commits_until_settled -= 1
        if self._commits_until_settled == 0:
            with contextlib.suppress(OSError):  # it went into the disk's last blocks: the commit itself is made
                if not self._reserve.fill():
                    self._commits_until_settled = _VISIT
                if self._full:
                    self._flush.warm()

    def _make_room(self) -> None:
        """Give up the reserve, and the log, as far as it is copied into the file."""
        self._reserve.spend()
        self._gate.acquire()
        try:
            with self._translated():
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._gate.release()

    def _close_writer(self) -> None:
        """The last connection to close checkpoints the log, which belongs inside the gate."""
        try:
            self._gate.acquire()
        except DatabaseError:
            self._writer.close()
            return
        try:
            self._writer.close()
        finally:
            self._gate.release()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            known = typed(error, self.path)
            if known is error:
                raise
            raise known from error

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise DatabaseError(f"the database {str(self.path)!r} is {self._failure}")
        if os.getpid() != self._pid:
            raise DatabaseError(f"the database {str(self.path)!r} was opened before a fork; open it again in the child")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}-{suffix}")
