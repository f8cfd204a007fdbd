"""Buttons: which stand under a message, and what a click becomes.

Owns: the rows of buttons, who may press, writing the request. A click carries a random id and nothing else. Must not:
apply a request; the loop does, as with the command line's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_loop.extension import Database, StateLayout, open_store, put_request
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.outbox import MatterRow, Outbox
from forge_loop_integrations.outbox.box import Now
from forge_loop_integrations.outbox.identity import message_id
from forge_loop_integrations.routing import HUMAN, Class, Severity
from forge_loop_integrations.slack.blocks import Button

LIFE_SECONDS = 7 * 86400.0
LABELS = {
    "retry": "Retry now",
    "skip": "Give it up",
    "pause": "Pause the loop",
    "resume": "Resume the loop",
    "pipeline.approve": "Approve the merge",
    "pipeline.refuse": "Refuse it",
}
CONFIRM = {
    "skip": "The job ends; a new approval starts it again.",
    "pause": "No new job starts until you resume.",
    "pipeline.approve": "This commit is merged once nothing else holds it up.",
    "pipeline.refuse": "The job ends; its pull request stays for you.",
}
OFFERS: dict[str, tuple[str, ...]] = {
    "job.cooled_down": ("retry", "skip"),
    "job.handed_over": ("pause",),
    "job.given_up": ("pause",),
    "deploy.finished": ("pause",),
    "storage.low": ("pause",),
    "loop.halted": ("resume",),
    "loop.parked": ("resume",),
    "loop.paused": ("resume",),
    "node.started": ("pipeline.approve", "pipeline.refuse"),
}
OF_AN_ISSUE = frozenset({"retry", "skip", "pipeline.approve", "pipeline.refuse"})

Ask = Callable[[str, int | None, str, Mapping[str, Any]], int]
# What a person agrees to: this node's question about this very commit, and no later one.
ABOUT = ("node", "head_sha")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What came of a click: a sentence, and whether it became a request."""

    sentence: str
    asked: bool


class Buttons:
    """The buttons of one sink. `ask` writes a request of a kind, for an issue, by somebody, with its detail, and
    returns its number."""

    def __init__(self, outbox: Outbox, *, users: Sequence[str], ask: Ask, now: Now) -> None:
        self._outbox = outbox
        self._users = frozenset(users)
        self._ask = ask
        self._now = now

    def offer(self, matter: MatterRow) -> list[Button]:
        """The buttons of a matter as it stands; those that are there already are the same ones."""
        shown = matter.newest
        if shown is None or (shown.kind == "node.started" and shown.data.get("node_kind") != HUMAN):
            return []
        detail = json.dumps({name: shown.data[name] for name in ABOUT if shown.kind == "node.started"})
        return [
            Button(
                id=self._id(matter.key, asks, shown.issue if asks in OF_AN_ISSUE else None, detail),
                label=LABELS[asks],
                confirm=CONFIRM.get(asks, ""),
            )
            for asks in OFFERS.get(shown.kind, ())
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
        request = self._ask(row["asks"], row["issue"], f"Slack user {user}", json.loads(row["detail"]))
        with self._outbox.database.transaction() as connection:
            connection.execute("UPDATE buttons SET request = ? WHERE id = ?", (request, button))
            sentence = f"{LABELS[row['asks']]}: asked for by {user}, request {request}"
            self._outbox.note(row["matter"], _entry(row["issue"], sentence), message_id("button", button))
        return Pressed(sentence=sentence, asked=True)

    def _id(self, matter: str, asks: str, issue: int | None, detail: str) -> str:
        now = self._now().timestamp()
        with self._outbox.database.transaction() as connection:
            found = connection.execute(
                "SELECT id FROM buttons WHERE sink = ? AND matter = ? AND asks = ? AND issue IS ? AND detail = ? "
                "AND used_by IS NULL AND expires_at > ? ORDER BY expires_at DESC LIMIT 1",
                (self._outbox.name, matter, asks, issue, detail, now + LIFE_SECONDS / 2),
            ).fetchall()
            if found:
                return str(found[0]["id"])
            made = secrets.token_urlsafe(18)
            connection.execute(
                "INSERT INTO buttons (id, sink, matter, asks, issue, detail, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made, self._outbox.name, matter, asks, issue, detail, now + LIFE_SECONDS),
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

    def ask(kind: str, issue: int | None, by: str, detail: Mapping[str, Any]) -> int:
        database = Database(StateLayout(state_dir).database)
        try:
            return put_request(open_store(database), database, kind, issue=issue, detail=detail, by=by).id
        finally:
            database.close()

    return ask
