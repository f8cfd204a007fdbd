"""What waits for the receivers of messages, read from the outbox that forge-loop-integrations keeps beside the state.

Owns: that reading. Must not: import that distribution, which may not be installed: the file and its tables are what the
two have in common, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from forge_loop.extension import ReadOnlyDatabase, open_read_only

FILE = "notifications.db"
SINKS = ("slack", "discord", "webhook")
STOPPED_BY = ("operator", "receiver")
RESULTS = ("delivered", "retry", "refused", "gone")

Labels = tuple[str, ...]


class Messages:
    """The messages of one state directory at `now` (aware). Every method raises DatabaseError if it cannot be read."""

    def __init__(self, database: ReadOnlyDatabase, now: datetime) -> None:
        self._database = database
        self._now = now

    def by_state(self) -> Mapping[Labels, float]:
        """Messages by sink that wait, whatever for, and that were given up."""
        return self._read(
            "SELECT sink, CASE state WHEN 'dead' THEN 'dead' ELSE 'waiting' END, count(*) FROM messages "
            "WHERE state IN ('pending', 'sending', 'dead') GROUP BY 1, 2"
        )

    def oldest(self) -> Mapping[Labels, float]:
        """Seconds since the oldest message was written that its receiver should have by now."""
        written = self._read(
            "SELECT sink, min(created_at) FROM messages WHERE state IN ('pending', 'sending') AND hold IN ('', 'group')"
            " GROUP BY 1"
        )
        moment = self._now.timestamp()
        return {labels: max(0.0, moment - at) for labels, at in written.items()}

    def stopped(self) -> Mapping[Labels, float]:
        """1 for each sink to which nothing is sent, and by whose word."""
        return self._read("SELECT name, stopped_by, 1 FROM sinks WHERE stopped IS NOT NULL")

    def attempts(self) -> Mapping[Labels, float]:
        """Attempts ever made, by sink and what came of them."""
        return self._read("SELECT sink, result, count FROM tallies")

    def _read(self, sql: str) -> Mapping[Labels, float]:
        return {tuple(row)[:-1]: row[-1] for row in self._database.query(sql)}


@contextmanager
def read_messages(state_dir: Path, *, now: datetime) -> Iterator[Messages | None]:
    """The messages of a state directory, or None where no message has been yet. Raises DatabaseError."""
    path = state_dir / FILE
    if not path.is_file():
        yield None
        return
    database = open_read_only(path)
    try:
        yield Messages(database, now)
    finally:
        database.close()
