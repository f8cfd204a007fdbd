"""Buttons: which stand under a message, and what a click becomes.

Owns: the rows of buttons, who may press, writing the request. A click carries a random id and nothing else. Must not:
apply a request; the loop does, as with the command line's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_loop.extension import Database, StateLayout, open_store, put_request
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.outbox import MatterRow, Outbox
from forge_loop_integrations.outbox.box import Now
from forge_loop_integrations.outbox.identity import message_id
from forge_loop_integrations.routing import Class, Severity
from forge_loop_integrations.slack.blocks import Button

LIFE_SECONDS = 7 * 86400.0
LABELS = {"retry": "Retry now", "skip": "Give it up", "pause": "Pause the loop", "resume": "Resume the loop"}
CONFIRM = {"skip": "The job ends; a new approval starts it again.", "pause": "No new job starts until you resume."}
OFFERS: dict[str, tuple[str, ...]] = {
    "job.cooled_down": ("retry", "skip"),
    "job.handed_over": ("pause",),
    "job.given_up": ("pause",),
    "deploy.finished": ("pause",),
    "storage.low": ("pause",),
    "loop.halted": ("resume",),
    "loop.parked": ("resume",),
    "loop.paused": ("resume",),
}
OF_AN_ISSUE = frozenset({"retry", "skip"})

Ask = Callable[[str, int | None, str], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What came of a click: a sentence, and whether it became a request."""

    sentence: str
    asked: bool


class Buttons:
    """The buttons of one sink. `ask` writes a request of a kind, for an issue, by somebody, and returns its number."""

    def __init__(self, outbox: Outbox, *, users: Sequence[str], ask: Ask, now: Now) -> None:
        self._outbox = outbox
        self._users = frozenset(users)
        self._ask = ask
        self._now = now

    def offer(self, matter: MatterRow) -> list[Button]:
        """The buttons of a matter as it stands; those that are there already are the same ones."""
        if matter.newest is None:
            return []
        issue = matter.newest.issue
        return [
            Button(
                id=self._id(matter.key, asks, issue if asks in OF_AN_ISSUE else None),
                label=LABELS[asks],
                confirm=CONFIRM.get(asks, ""),
            )
            for asks in OFFERS.get(matter.newest.kind, ())
        ]

    def press(self, button: str, user: str) -> Pressed:
        """A click by a user that Slack names. Refused: who is not on the list, what is unknown, used or too old."""
        if user not in self._users:
            return Pressed(sentence="You are not on the list of users who may press this.", asked=False)
        with self._outbox.database.transaction() as connection:
            found = connection.execute(
                "UPDATE buttons SET used_by = ? WHERE id = ? AND sink = ? AND used_by IS NULL AND expires_at > ? "
                "RETURNING *",
                (user, button, self._outbox.name, self._now().timestamp()),
            ).fetchall()
        if not found:
            return Pressed(sentence="This button was pressed already, or is too old.", asked=False)
        row = found[0]
        request = self._ask(row["asks"], row["issue"], f"Slack user {user}")
        with self._outbox.database.transaction() as connection:
            connection.execute("UPDATE buttons SET request = ? WHERE id = ?", (request, button))
            sentence = f"{LABELS[row['asks']]}: asked for by {user}, request {request}"
            self._outbox.note(row["matter"], _entry(row["issue"], sentence), message_id("button", button))
        return Pressed(sentence=sentence, asked=True)

    def _id(self, matter: str, asks: str, issue: int | None) -> str:
        now = self._now().timestamp()
        with self._outbox.database.transaction() as connection:
            found = connection.execute(
                "SELECT id FROM buttons WHERE sink = ? AND matter = ? AND asks = ? AND issue IS ? AND used_by IS NULL "
                "AND expires_at > ? ORDER BY expires_at DESC LIMIT 1",
                (self._outbox.name, matter, asks, issue, now + LIFE_SECONDS / 2),
            ).fetchall()
            if found:
                return str(found[0]["id"])
            made = secrets.token_urlsafe(18)
            connection.execute(
                "INSERT INTO buttons (id, sink, matter, asks, issue, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
                (made, self._outbox.name, matter, asks, issue, now + LIFE_SECONDS),
            )
        return made


def _entry(issue: int | None, sentence: str) -> Entry:
    return Entry(
        seq=0,
        at="",
        kind="request.made",
        repo="",
        issue=issue,
        job=None,
        attempt=None,
        of=Class.CHATTER,
        severity=Severity.INFO,
        headline=sentence,
        detail="",
        state="",
        data={},
    )


def asking(state_dir: Path) -> Ask:
    """Writes requests into a loop's database, as the command line does."""

    def ask(kind: str, issue: int | None, by: str) -> int:
        database = Database(StateLayout(state_dir).database)
        try:
            return put_request(open_store(database), database, kind, issue=issue, by=by).id
        finally:
            database.close()

    return ask
