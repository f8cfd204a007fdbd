"""The sink: writes an event down on the runner's thread, and leaves sending to its sender.

Owns: what core's port asks for. Must not: wait for a receiver.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from forge_loop import EventSink, Recorded
from forge_loop.extension import Database, open_read_only
from forge_loop_integrations.channels import Channel
from forge_loop_integrations.outbox import rows
from forge_loop_integrations.outbox.box import FILE, Now, Outbox, open_database
from forge_loop_integrations.routing import Policy
from forge_loop_integrations.sender import CLOSE_SECONDS, Sender

# What wakes the sender; None where there is none: a trial.
Wake = Callable[[], None] | None


def now() -> datetime:
    return datetime.now(UTC)


class OutboxSink(EventSink):
    """One configured receiver. `channel` is opened in the sender's thread, with the outbox and what wakes the sender;
    `about` says in a line what it can do."""

    def __init__(
        self,
        policy: Policy,
        state_dir: Path,
        channel: Callable[[Outbox, Wake], Channel],
        *,
        about: str,
        clock: Now = now,
    ) -> None:
        self.policy = policy
        self.about = about
        self._state_dir = state_dir
        self._channel = channel
        self._clock = clock
        self.close_seconds = CLOSE_SECONDS
        self._database: Database | None = None
        self._outbox: Outbox | None = None
        self._sender: Sender | None = None

    @property
    def name(self) -> str:
        return self.policy.sink

    def trial(self, database: Database) -> Channel:
        """The channel by itself, without a sender: for a test message. The caller closes it."""
        return self._channel(Outbox(database, self.policy, self._clock), None)

    def begin(self, newest: int) -> int:
        if self._outbox is None:
            self._database = open_database(self._state_dir)
            self._outbox = Outbox(self._database, self.policy, self._clock)
        outbox = self._outbox
        place = outbox.begin(newest)
        if self._sender is None:
            sender = Sender(outbox, lambda: self._channel(outbox, sender.wake), self._clock)
            sender.start()
            self._sender = sender
        return place

    def emit(self, event: Recorded) -> None:
        assert self._outbox is not None
        assert self._sender is not None
        due = self._outbox.take(event)
        if due is not None:
            self._sender.wake(due)

    def trouble(self) -> str | None:
        """Asked at every tick, which is when another process's word is heard: the sender sleeps without looking."""
        if self._sender is None or self._database is None:
            return None
        if self._database.wait(0, every=False) or self._sender.late:
            self._sender.wake()
        return self._sender.trouble

    def obstacle(self) -> str | None:
        """As the outbox knows it; `notify test` asks the receiver itself."""
        path = self._state_dir / FILE
        if not path.is_file():
            return None
        database = open_read_only(path)
        try:
            found = database.query("SELECT * FROM sinks WHERE name = ?", (self.name,))
        finally:
            database.close()
        return rows.sink(found[0]).obstacle if found else None

    def close(self) -> None:
        ended = self._sender is None or self._sender.close(self.close_seconds)
        if self._outbox is not None:
            self._outbox.settle()
        if self._database is not None and ended:
            self._database.close()
