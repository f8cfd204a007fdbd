"""Opening the store, and the loop's own row.

Owns: the tables by name. Must not: know what a stage does.
"""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from functools import cached_property
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from forge_loop.domain.job import Approval, Attempt, SessionRow
from forge_loop.store.access import Access
from forge_loop.store.events import EventLog
from forge_loop.store.jobs import Jobs
from forge_loop.store.observations import Observations
from forge_loop.store.pipelines import Pipelines
from forge_loop.store.records import (
    BaseCheckRow,
    CheckRow,
    EffectRow,
    FindingRow,
    HostLookRow,
    LoopRow,
    NodeRunRow,
    RefusalRow,
    RemarkRow,
    RequestRow,
    ReviewRow,
)
from forge_loop.store.table import Table, read_row, readers_of, to_column
from forge_loop.store.versions import COMPONENT, scripts

if TYPE_CHECKING:
    from forge_loop.database import Database
    from forge_loop.domain.limits import Window
    from forge_loop.domain.proposals import Proposal


class Store:
    """Every table of the loop's, over one database. Changes of several tables share `transaction()`."""

    def __init__(self, database: Access) -> None:
        self._database = database
        self.events = EventLog(database)
        self.jobs = Jobs(database, self.events)
        self.observations = Observations(database)
        self.approvals = Table(database, "approvals", Approval)
        self.attempts = Table(database, "attempts", Attempt)
        self.sessions = Table(database, "sessions", SessionRow)
        self.checks = Table(database, "checks", CheckRow)
        self.base_checks = Table(database, "base_checks", BaseCheckRow)
        self.reviews = Table(database, "reviews", ReviewRow)
        self.findings = Table(database, "findings", FindingRow)
        self.node_runs = Table(database, "node_runs", NodeRunRow)
        self.pipelines = Pipelines(database)
        self.host_looks = Table(database, "host_looks", HostLookRow)
        self.remarks = Table(database, "remarks", RemarkRow)
        self.refusals = Table(database, "refusals", RefusalRow)
        self.effects = Table(database, "effects", EffectRow)
        self.requests = Table(database, "requests", RequestRow)
        self._loop_readers = readers_of(LoopRow)

    @cached_property
    def proposals(self) -> Table[Proposal]:
        from forge_loop.domain.proposals import Proposal

        return Table(self._database, "proposals", Proposal)

    @cached_property
    def limits(self) -> Table[Window]:
        from forge_loop.domain.limits import Window

        return Table(self._database, "limits", Window)

    def transaction(self) -> AbstractContextManager[Connection]:
        """One transaction over every table; an inner one joins the outer."""
        return self._database.transaction()

    def free_bytes(self) -> int:
        """The space that is left on the disk of the database."""
        return self._database.free_bytes()

    def loop(self) -> LoopRow:
        return read_row(LoopRow, self._loop_readers, self._database.query("SELECT * FROM loop")[0])

    def update_loop(self, **changes: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        with self._database.transaction() as connection:
            connection.execute(f"UPDATE loop SET {names}", [to_column(value) for value in changes.values()])


def open_store(database: Database) -> Store:
    """Bring the database's schema up to date and open the store on it."""
    database.migrate(COMPONENT, [script.read_text() for script in scripts()])
    with database.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO loop (id, loop_id) VALUES (1, ?)", (str(uuid.uuid4()),))
    return Store(Access(database))
