"""A database: one SQLite file in WAL mode, its transactions, reads and wake-ups.

Owns: opening and closing all its parts, and what callers may do with them. Must not: know any table but
`schema_versions`.

Beside `state.db` stand SQLite's `-wal` and `-shm`, and `-gate` (the write gate and a page of counters), `-wake` (a
named pipe) and `-reserve` (space for a full disk). All of it belongs to one host and one local disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, TypeVar, get_args

from forge_loop.database import connection as connections
from forge_loop.database import copy, migration
from forge_loop.database.faults import QUICK_CHECK, Translated, of_the_system, require_sound
from forge_loop.database.flush import Flush
from forge_loop.database.gate import Gate
from forge_loop.database.place import check_place
from forge_loop.database.reserve import Reserve
from forge_loop.database.wake_up import EVERY, WakeUp
from forge_loop.database.writer import Parameters, Writer, Written
from forge_loop.errors import DatabaseError, DatabaseFullError

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
        self._translated = Translated(self.path)
        self._reserve = Reserve(self._beside("reserve"))
        try:
            self._parts = self._open(busy_timeout)
        except DatabaseFullError:
            # Without room for the shared-memory file not even what is in hand could be finished.
            self._reserve.spend()
            self._parts = self._open(busy_timeout)

    def _open(self, busy_timeout: float) -> contextlib.ExitStack:
        """Open every part; what closes them all again."""
        with contextlib.ExitStack() as undo, self._translated:
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
            connection = connections.open_writer(self.path, busy_timeout=busy_timeout)
            undo.callback(self._close_writer, connection)
            connection.execute(migration.CREATE)
            # The log exists for as long as the writing connection is open: the last one to close removes it.
            flush = Flush(self._beside("wal"), self._gate.page, patience=busy_timeout)
            undo.callback(flush.close)
            self._wake_up = WakeUp(self._beside("wake"))
            undo.callback(self._wake_up.close)
        finally:
            self._gate.release()
        self._writer = Writer(
            self.path,
            connection,
            gate=self._gate,
            flush=flush if self._full else None,
            wake_up=self._wake_up,
            reserve=self._reserve,
        )
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

    def transaction(self, *, flush: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction: committed at the end of the with block, undone if it raises.

        Within another one of the same thread it joins that one: it commits, wakes and flushes with the outermost. If an
        inner block raises, only its own changes are undone. `flush=False` is for changes whose loss in a power cut does
        no harm. Keep it short: everybody else's writes wait.
        """
        self._check_usable()
        return self._writer.begin(flush=flush)

    def write(self, sql: str, parameters: Parameters = (), *, flush: bool = True, wake: bool = False) -> Written:
        """A write transaction of one statement; within another one of the same thread, a part of that.

        With `wake` it wakes a waiter if it changed anything. Returns the rows that the statement returned, how many it
        changed, and the id of the last one inserted.
        """
        self._check_usable()
        return self._writer.run(sql, parameters, flush=flush, wake=wake)

    def query(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run one read and return all its rows. Inside this thread's transaction it sees that one's changes."""
        self._check_usable()
        mine = self._writer.transaction
        with self._translated:
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
            if self._writer.transaction is not None:
                raise
        self._writer.make_room()
        return write()

    def wake(self, times: int = 1) -> None:
        """Wake so many waiters; within a transaction, after its commit, and as many as this was called for in all."""
        self._check_usable()
        mine = self._writer.transaction
        if mine is not None:
            mine.wakes += times
            return
        for _ in range(times):
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
        require_sound(self.path, self.query(QUICK_CHECK))

    def backup(self, target: Path) -> None:
        """Write a consistent copy, one file of mode 0600, to `target`; whatever stood there is replaced at the end."""
        self._check_usable()
        with self._translated, self._readers.one() as connection:
            try:
                copy.write(connection, target)
            except OSError as error:
                raise of_the_system(error, target) from error

    def close(self) -> None:
        """Close everything. Closing twice is fine; in a forked child nothing is touched."""
        if os.getpid() == self._pid:
            self._parts.close()
            self._writer.failure = self._writer.failure or "closed"

    def _close_writer(self, connection: sqlite3.Connection) -> None:
        """The last connection to close checkpoints the log, which belongs inside the gate."""
        try:
            self._gate.acquire()
        except DatabaseError:
            connection.close()
            return
        try:
            connection.close()
        finally:
            self._gate.release()

    def _check_usable(self) -> None:
        if self._writer.failure is not None:
            raise DatabaseError(f"the database {str(self.path)!r} is {self._writer.failure}")
        if os.getpid() != self._pid:
            raise DatabaseError(f"the database {str(self.path)!r} was opened before a fork; open it again in the child")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}-{suffix}")
