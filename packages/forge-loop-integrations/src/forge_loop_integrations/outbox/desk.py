"""What an operator sees of the outbox and does with it.

Owns: those reads and changes. Must not: print, or send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forge_loop import OperatorError
from forge_loop.extension import Database
from forge_loop_integrations.outbox import rows
from forge_loop_integrations.outbox.rows import Message, SinkRow, State
from forge_loop_integrations.outbox.sending import resume, stop


class Desk:
    """The outbox of all sinks of one state directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sinks(self) -> list[tuple[SinkRow, int]]:
        """Every sink that has ever begun, and how many messages wait for it."""
        found = self._database.query(
            "SELECT sinks.*, (SELECT count(*) FROM messages WHERE sink = sinks.name AND state IN "
            "('pending', 'sending')) AS waiting FROM sinks ORDER BY name"
        )
        return [(rows.sink(row), row["waiting"]) for row in found]

    def messages(self, *, sink: str | None, state: State | None, limit: int) -> list[Message]:
        """The newest messages, the newest first."""
        found = self._database.query(
            "SELECT * FROM messages WHERE (? IS NULL OR sink = ?) AND (? IS NULL OR state = ?) "
            "ORDER BY number DESC LIMIT ?",
            (sink, sink, state, state, limit),
        )
        return [rows.message(row) for row in found]

    def message(self, message_id: str) -> Message:
        """One message, by its id or an unmistakable beginning of it. Raises OperatorError."""
        found = self._database.query(
            "SELECT * FROM messages WHERE substr(id, 1, length(?)) = ? LIMIT 2", (message_id, message_id)
        )
        if len(found) != 1 or not message_id:
            many = "more than one message begins" if found else "there is no message that begins"
            raise OperatorError(f"{many} with {message_id!r}", hint="forge-loop notify list")
        return rows.message(found[0])

    def deliveries(self, message_id: str) -> list[dict[str, Any]]:
        """Every attempt at a message, the first one first."""
        found = self._database.query("SELECT * FROM deliveries WHERE message = ? ORDER BY number", (message_id,))
        return [dict(row) for row in found]

    def redeliver(self, numbers: Sequence[int], now: float) -> None:
        """Send messages again, as they are and under their id. The days until they are given up count anew."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE messages SET state = 'pending', hold = '', not_before = ?, created_at = ?, ended_at = NULL, "
                "error = NULL WHERE number = ? AND state IN ('sent', 'dead', 'pending')",
                [(now, now, number) for number in numbers],
            )
            self._wake_all()

    def pause(self, sink: str, reason: str) -> None:
        self._known(sink)
        with self._database.transaction() as connection:
            stop(connection, sink, reason or "paused by the operator", by="operator")
            self._wake_all()

    def resume(self, sink: str) -> None:
        """Send again, also what the receiver's own refusal has stopped."""
        self._known(sink)
        with self._database.transaction() as connection:
            resume(connection, sink)
            self._wake_all()

    def _wake_all(self) -> None:
        """One ring for each sink: which of them hears which does not matter, each takes one."""
        for _ in self.sinks():
            self._database.wake()

    def _known(self, sink: str) -> None:
        """A sink that has not begun yet begins with the loop; there is nothing of it to stop before."""
        if not any(row.name == sink for row, _ in self.sinks()):
            raise OperatorError(
                f"{sink!r} has no messages yet: it begins with the loop", hint="forge-loop notify sinks"
            )


def kinds_of(message: Message) -> str:
    """The kinds in a message, each once, in order."""
    return ", ".join(dict.fromkeys(entry.kind for entry in message.entries))
