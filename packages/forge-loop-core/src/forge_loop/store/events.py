"""The event log: one row per event, `seq` gapless, written in the transaction of the change it tells of.

Owns: appending, reading and counting events. Must not: deliver them (the relay does).
"""

from __future__ import annotations

import json
from datetime import datetime
from sqlite3 import Row as SqliteRow
from typing import TYPE_CHECKING, Any

from forge_loop.domain.recorded import Recorded, rfc3339
from forge_loop.domain.secret_shapes import outgoing
from forge_loop.domain.tallies import tallies
from forge_loop.store.access import Access

if TYPE_CHECKING:
    from forge_loop.domain.events import Event

_COUNT = (
    "INSERT INTO tallies (family, label, count, total) VALUES (?, ?, 1, ?) "
    "ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total"
)


class EventLog:
    """An append joins its caller's open transaction: the event is kept if and only if the change it tells of is."""

    def __init__(self, database: Access) -> None:
        self._database = database

    def append(
        self,
        event: Event,
        *,
        at: datetime,
        issue: int | None = None,
        job: int | None = None,
        attempt: int | None = None,
        session: str | None = None,
    ) -> None:
        values = event.data()
        told = outgoing(values)
        # Half a surrogate pair, as JSON from outside can hold it, would stop every reader that writes UTF-8.
        data = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode()
        sql = (
            "INSERT INTO events (seq, at, kind, repo, issue, job, attempt, session, data) VALUES "
            "((SELECT coalesce(max(seq), 0) + 1 FROM events), ?, ?, (SELECT repo FROM loop), ?, ?, ?, ?, ?)"
        )
        with self._database.transaction() as connection:
            connection.execute(sql, (rfc3339(at), event.kind, issue, job, attempt, session, data))
            for tally in tallies(event.kind, values):
                connection.execute(_COUNT, (tally.family, tally.label, tally.amount))

    def after(self, seq: int, *, limit: int = 1000) -> list[Recorded]:
        return self.select("seq > ?", seq, limit=limit)

    def select(self, where: str, *parameters: Any, order: str = "seq", limit: int = 1000) -> list[Recorded]:
        """The events for which `where` holds, in `order`."""
        rows = self._database.query(
            f"SELECT * FROM events WHERE {where} ORDER BY {order} LIMIT ?", (*parameters, limit)
        )
        return [recorded(row) for row in rows]

    def newest(self) -> int:
        """The newest `seq`, 0 if there is none."""
        return int(self._database.query("SELECT coalesce(max(seq), 0) AS seq FROM events")[0]["seq"])


def recorded(row: SqliteRow) -> Recorded:
    """An events row as a Recorded."""
    return Recorded(
        seq=row["seq"],
        at=datetime.fromisoformat(row["at"]),
        kind=row["kind"],
        repo=row["repo"],
        issue=row["issue"],
        job=row["job"],
        attempt=row["attempt"],
        session=row["session"],
        data=json.loads(row["data"]),
    )
