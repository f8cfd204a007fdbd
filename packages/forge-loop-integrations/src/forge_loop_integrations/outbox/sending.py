"""What a sender does with the rows: which message is due, and what an answer makes of it.

Owns: leases, the order within a matter, digests, repeats, retries, stopping a sink. Must not: send.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.outbox import rows
from forge_loop_integrations.outbox.box import Now, Outbox
from forge_loop_integrations.outbox.identity import message_id
from forge_loop_integrations.outbox.retry import GIVE_UP_SECONDS, delay, probe_delay, wish
from forge_loop_integrations.outbox.rows import MatterRow, Message, Purpose, SinkRow, State
from forge_loop_integrations.routing import Class, Hold
from forge_loop_integrations.routing.plan import MOST_REPEATS
from forge_loop_integrations.summary import still_open

LEASE_SECONDS = 60.0
# So many messages of a night are told one by one; more become one digest.
MOST_AFTER_QUIET = 5
# A receiver that refuses so many different messages in a row is not one that dislikes a message.
MOST_DEAD_IN_A_ROW = 5
# An outage shorter than this is nobody's business.
TROUBLE_SECONDS = 300.0
DIGEST_MATTER = "digest"
SENT_SECONDS = 14 * 86400.0
DEAD_SECONDS = 90 * 86400.0
FORGET_EVERY_SECONDS = 3600.0
# A message that may be the next one of its matter.
FIRST = (
    "state = 'pending' AND hold IN ('', 'group') AND NOT EXISTS (SELECT 1 FROM messages AS earlier WHERE "
    "earlier.sink = due.sink AND earlier.matter = due.matter AND earlier.number < due.number AND "
    "earlier.state IN ('pending', 'sending') AND earlier.hold IN ('', 'group'))"
)


class Sending:
    """The sending side of one outbox."""

    def __init__(self, outbox: Outbox, now: Now) -> None:
        self._outbox = outbox
        self._database = outbox.database
        self._name = outbox.name
        self._now = now
        self._forget_at = 0.0

    def hurry(self) -> None:
        """The loop ends: a group that waits for more goes as it is."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE messages SET not_before = min(not_before, ?) WHERE sink = ? AND state = 'pending' "
                "AND hold = 'group' AND attempts = 0",
                (self._now().timestamp(), self._name),
            )

    def lease(self) -> tuple[Message, MatterRow] | None:
        """The next due message, taken for a while; None if none is due or the sink is stopped or left alone.

        First what time alone brings: repeats, ended leases, what was held, what is old. Within a matter the earlier
        message goes first, however often it is tried.
        """
        now = self._now()
        moment = now.timestamp()
        with self._database.transaction() as connection:
            self._prepare(connection, now)
            state = self._outbox.sink()
            if state.stopped is not None or state.not_before > moment:
                return None
            found = connection.execute(
                "UPDATE messages SET state = 'sending', lease_until = ?, attempts = attempts + 1 WHERE number = ("
                f"  SELECT number FROM messages AS due WHERE sink = ? AND {FIRST} AND not_before <= ? "
                "  ORDER BY class = 'needs-human' DESC, number LIMIT 1) RETURNING *",
                (moment + LEASE_SECONDS, self._name, moment),
            ).fetchall()
            if not found:
                return None
            message = rows.message(found[0])
            return message, self._outbox.matter(message.matter)

    def keep(self, matter: str, remote: str) -> None:
        """What the receiver calls its message of a matter."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO matters (sink, key, remote) VALUES (?, ?, ?) "
                "ON CONFLICT (sink, key) DO UPDATE SET remote = excluded.remote",
                (self._name, matter, remote),
            )

    def record(self, message: Message, answer: Answer, *, began: float, seconds: float) -> None:
        """What came of one attempt: the message's new state, the sink's, a line of the delivery log."""
        moment = self._now().timestamp()
        with self._database.transaction() as connection:
            self._log(connection, message, answer, began, seconds)
            match answer:
                case Delivered():
                    self._end(connection, message, State.SENT, None, moment)
                    self._delivered(connection, moment)
                case Retry():
                    self._retry(connection, message, answer, moment)
                case Refused():
                    self._end(connection, message, State.DEAD, answer.reason, moment)
                    self._refused(connection, answer.reason)
                case Gone():
                    self._back(connection, message, moment)
                    stop(connection, self._name, answer.reason, by="receiver")

    def outlook(self) -> tuple[float | None, str | None]:
        """When something comes due, in seconds since 1970, None if nothing waits; and why messages do not arrive at
        present: a short outage is no trouble, nor is the operator's own pause."""
        state = self._outbox.sink()
        return self._next_moment(state), self._trouble(state)

    def _trouble(self, state: SinkRow) -> str | None:
        if state.stopped is not None:
            return f"stopped: {state.stopped}" if state.stopped_by == "receiver" else None
        since = state.failing_since
        if since is not None and self._now().timestamp() - since >= TROUBLE_SECONDS:
            return state.last_error or "it does not answer"
        return None

    def _next_moment(self, state: SinkRow) -> float | None:
        if state.stopped is not None:
            return None
        found = self._database.query(
            f"SELECT min(at) AS at FROM (SELECT min(not_before) AS at FROM messages AS due WHERE sink = ? AND {FIRST}"
            " UNION ALL SELECT min(not_before) FROM messages WHERE sink = ? AND state = 'pending' AND"
            " hold IN ('quiet', 'digest')"
            " UNION ALL SELECT min(repeat_at) FROM matters WHERE sink = ? AND repeat_at IS NOT NULL"
            " UNION ALL SELECT min(lease_until) FROM messages WHERE sink = ? AND state = 'sending')",
            (self._name,) * 4,
        )
        at = found[0]["at"]
        return None if at is None else max(float(at), state.not_before)

    def _prepare(self, connection: Connection, now: datetime) -> None:
        moment = now.timestamp()
        connection.execute(
            "UPDATE messages SET state = 'pending', lease_until = NULL WHERE sink = ? AND state = 'sending' AND "
            "lease_until <= ?",
            (self._name, moment),
        )
        self._repeat(connection, moment)
        self._release(connection, now)
        if moment >= self._forget_at:
            self._forget(connection, moment)
            self._forget_at = moment + FORGET_EVERY_SECONDS

    def _delivered(self, connection: Connection, moment: float) -> None:
        """The receiver is well: what waits because of its failures is due at once."""
        state = self._outbox.sink()
        connection.execute(
            "UPDATE sinks SET failures = 0, failing_since = NULL, dead_in_a_row = 0, last_error = NULL, "
            "not_before = 0, last_sent_at = ? WHERE name = ?",
            (moment, self._name),
        )
        if state.failures > 1:
            connection.execute(
                "UPDATE messages SET not_before = min(not_before, ?) WHERE sink = ? AND state = 'pending' "
                "AND attempts > 0",
                (moment, self._name),
            )

    def _retry(self, connection: Connection, message: Message, answer: Retry, moment: float) -> None:
        asked = wish(answer.after)
        state = self._outbox.sink()
        failures = state.failures + 1
        alone = max(asked, probe_delay(message.id, failures))
        connection.execute(
            "UPDATE sinks SET failures = ?, failing_since = coalesce(failing_since, ?), last_error = ?, "
            "not_before = ? WHERE name = ?",
            (failures, moment, answer.reason, moment + alone, self._name),
        )
        if moment - message.created_at >= GIVE_UP_SECONDS:
            self._end(connection, message, State.DEAD, f"given up after three days: {answer.reason}", moment)
            return
        due = moment + max(asked, delay(message.id, message.attempts))
        connection.execute(
            "UPDATE messages SET state = 'pending', lease_until = NULL, not_before = ?, error = ? WHERE number = ?",
            (due, answer.reason, message.number),
        )

    def _refused(self, connection: Connection, reason: str) -> None:
        """A receiver that refuses everything is stopped: it is not one that dislikes a message."""
        dead = self._outbox.sink().dead_in_a_row + 1
        connection.execute(
            "UPDATE sinks SET dead_in_a_row = ?, last_error = ? WHERE name = ?", (dead, reason, self._name)
        )
        if dead >= MOST_DEAD_IN_A_ROW:
            stop(connection, self._name, f"it refused {dead} messages in a row: {reason}", by="receiver")

    def _end(self, connection: Connection, message: Message, state: State, error: str | None, moment: float) -> None:
        connection.execute(
            "UPDATE messages SET state = ?, lease_until = NULL, ended_at = ?, error = ? WHERE number = ?",
            (state, moment, error, message.number),
        )

    def _back(self, connection: Connection, message: Message, moment: float) -> None:
        connection.execute(
            "UPDATE messages SET state = 'pending', lease_until = NULL, not_before = ? WHERE number = ?",
            (moment, message.number),
        )

    def _log(self, connection: Connection, message: Message, answer: Answer, began: float, seconds: float) -> None:
        error, result = None if isinstance(answer, Delivered) else answer.reason, type(answer).__name__.lower()
        connection.execute(
            "INSERT INTO deliveries (message, attempt, at, seconds, result, status, error) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (message.id, message.attempts, began, seconds, result, answer.status, error),
        )
        connection.execute(
            "INSERT INTO tallies (sink, result, count) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            (self._name, result),
        )

    def _repeat(self, connection: Connection, moment: float) -> None:
        """Tell again of what still waits for a person. A repeat of what has not arrived is none."""
        due = connection.execute(
            "SELECT * FROM matters WHERE sink = ? AND repeat_at <= ?", (self._name, moment)
        ).fetchall()
        for row in due:
            matter, repeats = rows.matter(row), int(row["repeats"]) + 1
            last = repeats >= MOST_REPEATS
            connection.execute(
                "UPDATE matters SET repeats = ?, repeat_at = ? WHERE sink = ? AND key = ?",
                (repeats, None if last else moment + row["repeat"], self._name, matter.key),
            )
            waits = connection.execute(
                "SELECT 1 FROM messages WHERE sink = ? AND matter = ? AND state IN ('pending', 'sending')",
                (self._name, matter.key),
            ).fetchall()
            if matter.newest is None or waits:
                continue
            self._outbox.insert(
                connection,
                message_id(self._name, "repeat", matter.newest.repo, matter.key, row["opened_at"], repeats),
                matter.key,
                Class.NEEDS_HUMAN,
                Purpose.REPEAT,
                Hold.NONE,
                [matter.newest],
                moment,
                moment,
            )

    def _release(self, connection: Connection, now: datetime) -> None:
        """What was held for a digest or for the quiet hours, whose time has come."""
        for hold, most in ((Hold.DIGEST, 0), (Hold.QUIET, MOST_AFTER_QUIET)):
            found = connection.execute(
                "SELECT * FROM messages WHERE sink = ? AND state = 'pending' AND hold = ? AND not_before <= ? "
                "ORDER BY number",
                (self._name, hold, now.timestamp()),
            ).fetchall()
            held = [rows.message(row) for row in found]
            if len(held) > most:
                self._digest(connection, held, now)
            else:
                connection.executemany(
                    "UPDATE messages SET hold = '' WHERE number = ?", [(message.number,) for message in held]
                )

    def _digest(self, connection: Connection, held: Sequence[Message], now: datetime) -> None:
        """One message in place of many."""
        moment = now.timestamp()
        entries: list[Entry] = [entry for message in held for entry in message.entries]
        opened = connection.execute(
            "SELECT * FROM matters WHERE sink = ? AND opened_by IS NOT NULL ORDER BY opened_at", (self._name,)
        ).fetchall()
        standing = still_open([rows.matter(row) for row in opened], now)
        entries += [standing] if standing is not None else []
        self._outbox.insert(
            connection,
            message_id(self._name, "digest", held[0].id, held[-1].id),
            DIGEST_MATTER,
            Class.OUTCOME,
            Purpose.DIGEST,
            Hold.NONE,
            entries,
            moment,
            moment,
        )
        connection.executemany(
            "UPDATE messages SET state = 'merged', ended_at = ? WHERE number = ?",
            [(moment, message.number) for message in held],
        )

    def _forget(self, connection: Connection, moment: float) -> None:
        """Old messages, their delivery log, buttons nobody can press any more."""
        gone = (
            "SELECT id FROM messages WHERE sink = ? AND ((state IN ('sent', 'merged') AND ended_at < ?) "
            "OR (state = 'dead' AND ended_at < ?))"
        )
        limits = (self._name, moment - SENT_SECONDS, moment - DEAD_SECONDS)
        connection.execute(f"DELETE FROM deliveries WHERE message IN ({gone})", limits)
        connection.execute(f"DELETE FROM messages WHERE id IN ({gone})", limits)
        connection.execute("DELETE FROM buttons WHERE sink = ? AND expires_at < ?", (self._name, moment - SENT_SECONDS))


def stop(connection: Connection, sink: str, reason: str, *, by: str) -> None:
    """Nothing more is sent to a sink until it is resumed; what waits, waits."""
    connection.execute(
        "UPDATE sinks SET stopped = ?, stopped_by = ?, last_error = ? WHERE name = ?", (reason, by, reason, sink)
    )


def resume(connection: Connection, sink: str) -> None:
    """Send again, at once and what has failed too."""
    connection.execute(
        "UPDATE sinks SET stopped = NULL, stopped_by = NULL, failures = 0, failing_since = NULL, dead_in_a_row = 0, "
        "not_before = 0, last_error = NULL WHERE name = ?",
        (sink,),
    )
    connection.execute(
        "UPDATE messages SET not_before = 0 WHERE sink = ? AND state = 'pending' AND hold IN ('', 'group')", (sink,)
    )
