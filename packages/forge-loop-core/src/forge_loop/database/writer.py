"""The writing side of a database: one connection behind the gate, and what follows a commit.

Owns: the order of gate, commit, wake-up and flush; which transaction a thread is in. Must not: open or close a file, or
know a table. Every write of the loop and of the queue passes here: it is kept short, without generators in its way.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from forge_loop.database.faults import Translated, of_the_system, raise_typed
from forge_loop.database.flush import Flush
from forge_loop.database.gate import Gate
from forge_loop.database.reserve import Reserve
from forge_loop.database.transaction import OfThread, Transaction, joined
from forge_loop.database.wake_up import WakeUp

_VISIT = 64

Parameters = Sequence[Any] | Mapping[str, Any]


# What one statement did: the rows it returned, how many it changed, the id of the last one inserted.
Written = tuple[list[sqlite3.Row], int, int | None]


class Writer:
    """With a `flush`, a commit is on disk when it is reported. `failure` says why nothing may be used any more."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        gate: Gate,
        flush: Flush | None,
        wake_up: WakeUp,
        reserve: Reserve,
    ) -> None:
        self.failure: str | None = None
        self._path = path
        self._connection = connection
        self._gate = gate
        self._flush = flush
        self._wake_up = wake_up
        self._reserve = reserve
        self._translated = Translated(path)
        self._commits_until_settled = _VISIT
        self._of_thread = OfThread()

    @property
    def transaction(self) -> Transaction | None:
        """The one that the calling thread is in."""
        return self._of_thread.transaction

    def begin(self, *, flush: bool) -> AbstractContextManager[sqlite3.Connection]:
        """A transaction as a with block: one of its own, or a part of the one that the thread is in."""
        outer = self._of_thread.transaction
        return _Outermost(self, flush) if outer is None else joined(outer, self._translated, flush=flush)

    def run(self, sql: str, parameters: Parameters, *, flush: bool, wake: bool) -> Written:
        """One statement, as a transaction or as a part of the one that the thread is in."""
        mine = self._of_thread.transaction
        if mine is not None:
            written = self._execute(sql, parameters)
            mine.flush |= flush
            mine.wakes += wake and written[1] > 0
            return written
        self._gate.acquire()
        try:
            written = self._execute(sql, parameters)
            number = self._count_commit()
        finally:
            self._gate.release()
        self._follow_up(number, flush=flush, wakes=wake and written[1] > 0)
        return written

    def make_room(self) -> None:
        """Give up the reserve, and the log, as far as it is copied into the file."""
        self._reserve.spend()
        self._commits_until_settled = _VISIT
        self._gate.acquire()
        try:
            self._execute("PRAGMA wal_checkpoint(TRUNCATE)", ())
        finally:
            self._gate.release()

    def _open_transaction(self, *, flush: bool) -> sqlite3.Connection:
        self._gate.acquire()
        try:
            with self._translated:
                self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._gate.release()
            raise
        self._of_thread.transaction = Transaction(connection=self._connection, flush=flush)
        return self._connection

    def _commit(self) -> None:
        mine = self._of_thread.transaction
        assert mine is not None
        try:
            with self._translated:
                self._connection.execute("COMMIT")
            number = self._count_commit()
        except BaseException:
            self._undo()
            raise
        self._of_thread.transaction = None
        self._gate.release()
        self._follow_up(number, flush=mine.flush, wakes=mine.wakes)

    def _undo(self) -> None:
        try:
            # On a full disk or an I/O error SQLite may have undone it already.
            if self._connection.in_transaction:
                with self._translated:
                    self._connection.execute("ROLLBACK")
        finally:
            self._of_thread.transaction = None
            self._gate.release()

    def _execute(self, sql: str, parameters: Parameters) -> Written:
        try:
            cursor = self._connection.execute(sql, parameters)
            # Read to its end even if nobody wants the rows: a half-read statement keeps SQLite's write lock.
            return cursor.fetchall(), cursor.rowcount, cursor.lastrowid
        except sqlite3.Error as error:
            raise_typed(error, self._path)

    def _count_commit(self) -> int:
        """Inside the gate, after a commit: its number."""
        if self._commits_until_settled:
            self._settle_in()
        return self._gate.page.count_commit()

    def _settle_in(self) -> None:
        """Spend disk space on speed and on safety, but not for somebody who writes a row and leaves."""
        self._commits_until_settled -= 1
        if self._commits_until_settled == 0:
            with contextlib.suppress(OSError):  # it went into the disk's last blocks: the commit itself is made
                if not self._reserve.fill():
                    self._commits_until_settled = _VISIT
                if self._flush is not None:
                    self._flush.warm()

    def _follow_up(self, number: int, *, flush: bool, wakes: int) -> None:
        """Outside the gate: wake who waits, and bring the commit to the disk."""
        if wakes:
            self._wake_up.ring(wakes)
        if not flush or self._flush is None:
            return
        try:
            self._flush.through(number)
        except OSError as error:
            # After a failed flush the kernel may drop what was written, and a later flush would report success.
            self.failure = f"not usable any more: a flush failed ({error.strerror}); start again"
            raise of_the_system(error, self._path) from error


class _Outermost:
    """BEGIN, and COMMIT or ROLLBACK, with all that goes before and after."""

    __slots__ = ("_flush", "_writer")

    def __init__(self, writer: Writer, flush: bool) -> None:
        self._writer = writer
        self._flush = flush

    def __enter__(self) -> sqlite3.Connection:
        return self._writer._open_transaction(flush=self._flush)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._writer._commit()
            return
        self._writer._undo()
        self._writer._translated.__exit__(kind, error, trace)
