"""One sink's messages: writing what an event means, and what the operator wants of them.

Owns: the transaction of message and place. Must not: decide what an event means (`routing`), or send.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from forge_loop import Recorded
from forge_loop.extension import Database
from forge_loop_integrations.entry import Entry, entry_of, shortened
from forge_loop_integrations.outbox import rows
from forge_loop_integrations.outbox.identity import message_id
from forge_loop_integrations.outbox.rows import MatterRow, Message, Purpose, SinkRow, State
from forge_loop_integrations.routing import (
    VARYING,
    Class,
    Hold,
    Matter,
    Plan,
    Policy,
    Send,
    Subject,
    classify,
    matter_of,
    may_close,
    plan,
    silent,
)
from forge_loop_integrations.secret import withheld

COMPONENT = "notifications"
FILE = "notifications.db"
# Events that become no message move the place in memory; it is written with the next message, and every so many.
PLACE_EVERY = 200
MOST_IN_A_GROUP = 40
LONGEST_TITLE = 300

INTRODUCING = "job.queued"  # tells the title
ANSWERS = frozenset({"request.applied", "request.refused"})

Now = Callable[[], datetime]


def open_database(state_dir: Path) -> Database:
    """The file in the state directory, made and brought up to date if need be.

    A commit is not flushed: message and place go together, so a power cut takes both, and the relay tells again.
    """
    database = Database(state_dir / FILE, durability="normal")
    scripts = sorted((files(__package__) / "schema").iterdir(), key=lambda entry: entry.name)
    database.migrate(COMPONENT, [entry.read_text() for entry in scripts])
    return database


def open_outbox(database: Database, policy: Policy, now: Now) -> Outbox:
    return Outbox(database, policy, now)


class Outbox:
    """The messages of `policy.sink`. Safe from several threads: every change is one transaction."""

    def __init__(self, database: Database, policy: Policy, now: Now) -> None:
        self.database = database
        self.policy = policy
        self.name = policy.sink
        self._now = now
        self._place = 0
        self._written = 0
        self._silent: dict[str, bool] = {}
        self._never: set[str] = set()  # kinds that mean nothing, whatever they are about
        self._open: set[str] = set()  # the matters that wait for a person, as they stand in the rows

    def begin(self, newest: int) -> int:
        """The place, `newest` at the very first start. One beyond it is of another history, and goes back."""
        with self.database.transaction() as connection:
            sql = (
                "INSERT INTO sinks (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = min(seq, ?) "
                "RETURNING seq"
            )
            found = connection.execute(sql, (self.name, newest, newest)).fetchall()
            opened = connection.execute(
                "SELECT key FROM matters WHERE sink = ? AND opened_by IS NOT NULL", (self.name,)
            ).fetchall()
        self._open = {row["key"] for row in opened}
        self._place = self._written = int(found[0]["seq"])
        return self._place

    def take(self, event: Recorded) -> float | None:
        """Write what an event means, with its place. When there is something to do for it, in seconds since 1970; None
        if no message came of it. An event behind the place is known already."""
        if event.seq <= self._place:
            return None
        if event.kind in self._never or self._means_nothing(event):
            self._pass_over(event.seq)
            return None
        entry = entry_of(event)
        asked_in = self._button_of(event)
        if asked_in is not None:
            self._answer(asked_in, entry, event.seq)
            return self._now().timestamp()
        key = matter_of(event.kind, event.issue, event.data)
        now = self._now()
        row = self.matter(key)
        what = plan(
            self.policy,
            Subject(kind=entry.kind, of=entry.of, severity=entry.severity, data=entry.data),
            _facts(row),
            now,
        )
        introduces = event.kind == INTRODUCING
        if what.send is Send.OFF and not what.closes and not introduces:
            self._pass_over(event.seq)
            return None
        with self.database.transaction() as connection:
            if introduces:
                self._introduce(connection, key, event)
            made = what.send is not Send.OFF and self._write(connection, key, entry, what, now)
            self._mark(connection, key, entry, what, now)
            self._advance(connection, event.seq)
        self._place = self._written = event.seq
        if what.opens:
            self._open.add(key)
        elif what.closes:
            self._open.discard(key)
        if not made:
            return None
        due = what.not_before.timestamp()
        return min(due, now.timestamp() + what.repeat) if what.repeat else due

    def settle(self) -> None:
        """Write the place, at the end."""
        if self._written < self._place:
            with self.database.transaction() as connection:
                self._advance(connection, self._place)
            self._written = self._place

    def matter(self, key: str) -> MatterRow:
        found = self.database.query("SELECT * FROM matters WHERE sink = ? AND key = ?", (self.name, key))
        return rows.matter(found[0]) if found else MatterRow(key=key)

    def sink(self) -> SinkRow:
        """Raises LookupError before the first start."""
        found = self.database.query("SELECT * FROM sinks WHERE name = ?", (self.name,))
        if not found:
            raise LookupError(f"{self.name} has not begun")
        return rows.sink(found[0])

    def note(self, key: str, entry: Entry, message: str) -> None:
        """A word about a matter that no event tells: what came of a button."""
        now = self._now().timestamp()
        with self.database.transaction() as connection:
            self.insert(connection, message, key, entry.of, Purpose.NOTE, Hold.NONE, [entry], now, now)

    def _means_nothing(self, event: Recorded) -> bool:
        """Whether nothing comes of an event: of most of them, on the runner's thread. Few rows are read for that."""
        if event.kind == INTRODUCING or not self._is_silent(event):
            return False
        if event.kind in ANSWERS:
            return self._button_of(event) is None
        if may_close(event.kind):
            return matter_of(event.kind, event.issue, event.data) not in self._open
        self._never.add(event.kind)
        return True

    def _is_silent(self, event: Recorded) -> bool:
        """Whether the routes send nothing of such an event, whatever it is about. Kept by kind, but for those whose
        class depends on more."""
        found = self._silent.get(event.kind)
        if found is None:
            of, severity = classify(event.kind, event.data)
            known = event.kind in VARYING or of is not Class.CHATTER
            found = not known and silent(self.policy.routes, event.kind, of, severity)
            self._silent[event.kind] = found
        return found

    def _button_of(self, event: Recorded) -> str | None:
        """The matter under whose message the button stood that a request came from."""
        if not event.kind.startswith("request."):
            return None
        sql = "SELECT matter FROM buttons WHERE sink = ? AND request = ?"
        found = self.database.query(sql, (self.name, event.data.get("request")))
        return str(found[0]["matter"]) if found else None

    def _answer(self, matter: str, entry: Entry, seq: int) -> None:
        """What came of a button belongs where it was pressed, whatever the routes say."""
        with self.database.transaction() as connection:
            self.note(matter, entry, message_id(self.name, entry.repo, entry.seq, entry.at))
            self._advance(connection, seq)
        self._place = self._written = seq

    def _pass_over(self, seq: int) -> None:
        self._place = seq
        if seq - self._written >= PLACE_EVERY:
            self.settle()

    def _advance(self, connection: Connection, seq: int) -> None:
        connection.execute("UPDATE sinks SET seq = ? WHERE name = ?", (seq, self.name))

    def _introduce(self, connection: Connection, key: str, event: Recorded) -> None:
        title = shortened(withheld(str(event.data.get("title") or "")), LONGEST_TITLE)
        title = title.encode("utf-8", "replace").decode()  # half a surrogate pair is no text to SQLite
        labels = json.dumps([str(label) for label in event.data.get("labels") or ()])
        sql = (
            "INSERT INTO matters (sink, key, title, labels) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (sink, key) DO UPDATE SET title = excluded.title, labels = excluded.labels"
        )
        connection.execute(sql, (self.name, key, title, labels))

    def _write(self, connection: Connection, key: str, entry: Entry, what: Plan, now: datetime) -> bool:
        """The message of an event: a new one, or a group that waits and takes it too. Whether there is one."""
        waiting = self._waiting(connection, key)
        if what.send is Send.UPDATE and (waiting is not None or self.matter(key).remote is None):
            return False  # what waits shows the newest state anyway; and where nothing stands, nothing is changed
        if waiting is not None and waiting.hold is Hold.GROUP and what.hold in (Hold.GROUP, Hold.NONE):
            self._join(connection, waiting, entry, what)
            return True
        purpose = {Send.UPDATE: Purpose.UPDATE}.get(what.send, Purpose.RESOLVED if what.resolved else Purpose.EVENT)
        self.insert(
            connection,
            message_id(self.name, entry.repo, entry.seq, entry.at),
            key,
            entry.of,
            purpose,
            what.hold,
            [entry],
            now.timestamp(),
            what.not_before.timestamp(),
        )
        return True

    def _waiting(self, connection: Connection, key: str) -> Message | None:
        """The newest message of a matter that has not been tried and is not on its way."""
        sql = (
            "SELECT * FROM messages WHERE sink = ? AND matter = ? AND state = 'pending' AND attempts = 0 "
            "AND hold IN ('', 'group') ORDER BY number DESC LIMIT 1"
        )
        found = connection.execute(sql, (self.name, key)).fetchall()
        if not found or len(json.loads(found[0]["entries"])) >= MOST_IN_A_GROUP:
            return None
        return rows.message(found[0])

    def _join(self, connection: Connection, group: Message, entry: Entry, what: Plan) -> None:
        """An event that is due at once takes its group along."""
        entries = json.dumps([each.shape() for each in (*group.entries, entry)])
        urgent = Class.NEEDS_HUMAN in (group.of, entry.of)
        due = min(group.not_before, what.not_before.timestamp())
        connection.execute(
            "UPDATE messages SET entries = ?, not_before = ?, class = ?, purpose = ? WHERE number = ?",
            (
                entries,
                due,
                Class.NEEDS_HUMAN if urgent else group.of,
                Purpose.RESOLVED if what.resolved else group.purpose,
                group.number,
            ),
        )

    def _mark(self, connection: Connection, key: str, entry: Entry, what: Plan, now: datetime) -> None:
        """What the event changes of its matter."""
        moment = now.timestamp()
        shown = json.dumps(entry.shape()) if what.send is not Send.OFF else None
        told = moment if what.send in (Send.NOW, Send.GROUPED) else None
        sql = (
            "INSERT INTO matters (sink, key, newest, told_at) VALUES (?, ?, ?, ?) ON CONFLICT (sink, key) DO UPDATE "
            "SET newest = coalesce(excluded.newest, newest), told_at = coalesce(excluded.told_at, told_at)"
        )
        connection.execute(sql, (self.name, key, shown, told))
        if what.opens:
            repeat_at = moment + what.repeat if what.repeat else None
            self._set_open(connection, key, entry.kind, moment, what.repeat, repeat_at)
        elif what.closes:
            self._set_open(connection, key, None, None, 0.0, None)

    def _set_open(
        self,
        connection: Connection,
        key: str,
        opened_by: str | None,
        at: float | None,
        repeat: float,
        repeat_at: float | None,
    ) -> None:
        connection.execute(
            "UPDATE matters SET opened_by = ?, opened_at = ?, repeat = ?, repeat_at = ?, repeats = 0 "
            "WHERE sink = ? AND key = ?",
            (opened_by, at, repeat, repeat_at, self.name, key),
        )

    def insert(
        self,
        connection: Connection,
        message: str,
        key: str,
        of: Class,
        purpose: Purpose,
        hold: Hold,
        entries: Sequence[Entry],
        now: float,
        not_before: float,
    ) -> None:
        """A message, unless it is there: told again it has the same id."""
        values: tuple[Any, ...] = (
            message,
            self.name,
            key,
            of,
            purpose,
            hold,
            json.dumps([entry.shape() for entry in entries]),
            State.PENDING,
            now,
            not_before,
        )
        connection.execute(
            "INSERT OR IGNORE INTO messages (id, sink, matter, class, purpose, hold, entries, state, created_at, "
            "not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )


def _facts(row: MatterRow) -> Matter:
    told_at = datetime.fromtimestamp(row.told_at, UTC) if row.told_at is not None else None
    return Matter(key=row.key, labels=row.labels, opened_by=row.opened_by, told_at=told_at)
