"""Events, an outbox and a clock for the tests of messages.

Owns: making them. Must not: fake anything that stands between an event and a receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forge_loop.domain.events import Event, JobHandedOver, JobMerged, JobQueued
from forge_loop.domain.recorded import Recorded
from forge_loop_integrations.channels import Answer, Channel, Delivered
from forge_loop_integrations.outbox import MatterRow, Message, Outbox
from forge_loop_integrations.outbox.box import open_database
from forge_loop_integrations.outbox.sending import Sending
from forge_loop_integrations.routing import Policy
from forge_loop_integrations.sender import Sender

START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
REPO = "owner/name"

# What strangers write into a title to be seen, to ping everybody, or to break whoever shows it.
HOSTILE = (
    "<!channel> <!here> <!everyone> <@U123ABC> <#C123|general>",
    "@everyone @here <@123456789012345678> <@&42> <#7>",
    "*bold* _it_ ~no~ `code` ```block``` > quote [link](https://evil.example) ||spoiler|| # head\n- list",
    "<https://evil.example|https://good.example> & <b>html</b>",
    "bell\x07 null\x00 escape\x1b[31m delete\x7f return\r\nnext",
    "\u202egnp.exe\u202c \u2066left\u2069 zero\u200bwidth \U000e0041tag",
    "x" * 10_000,
    "😀" * 5_000,
    "<!channel>" * 1_000,
    "&" * 10_000,
    "\ud800 lone",
    "   ",
    "",
)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)


class Log:
    """Numbers events as a loop does."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.seq = 0

    def event(self, event: Event, *, issue: int | None = None, job: int | None = None) -> Recorded:
        self.seq += 1
        return Recorded(
            seq=self.seq,
            at=self._clock(),
            kind=event.kind,
            repo=REPO,
            issue=issue,
            job=job,
            attempt=None,
            session=None,
            data=event.data(),
        )

    def queued(self, issue: int = 42, title: str = "Say hello", labels: tuple[str, ...] = ()) -> Recorded:
        return self.event(JobQueued(title=title, priority=2, labels=labels), issue=issue, job=issue)

    def merged(self, issue: int = 42) -> Recorded:
        return self.event(JobMerged(commit="c0ffee" * 6, pull_request=7), issue=issue, job=issue)

    def handed_over(self, issue: int = 42, reason: str = "a protected path was touched") -> Recorded:
        return self.event(JobHandedOver(reason=reason, pull_request=7), issue=issue, job=issue)


class Taking:
    """A receiver in this process: takes everything, or answers as told."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.answers: list[Answer] = []
        self.standing: Answer = Delivered(status=200)

    def deliver(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:
        answer = self.answers.pop(0) if self.answers else self.standing
        if isinstance(answer, Delivered):
            self.got.append(message)
            keep(f"remote of {matter.key}")
        return answer

    def close(self) -> None:
        """Nothing is open."""


def policy(**changes: Any) -> Policy:
    return Policy(**{"sink": "webhook", "zone": UTC_ZONE, **changes})


class Post:
    """An outbox with a sender that is stepped by hand, on a clock that is set by hand."""

    def __init__(self, state_dir: Path, own: Policy, clock: Clock, channel: Channel | None) -> None:
        self.clock = clock
        self.log = Log(clock)
        self.database = open_database(state_dir)
        self.outbox = Outbox(self.database, own, clock)
        self.outbox.begin(0)
        self.receiver = Taking()
        self.sender = Sender(self.outbox, lambda: channel or self.receiver, clock)
        self.sending = Sending(self.outbox, clock)

    def take(self, *events: Recorded) -> None:
        for event in events:
            self.outbox.take(event)

    def drain(self, most: int = 1000) -> int:
        """Send what is due now; how many attempts that were."""
        for attempts in range(most):
            if not self.sender.step():
                return attempts
        raise AssertionError("it never rests")

    def pass_by(self, *, steps: int = 1, **time: float) -> None:
        """Let time go by in so many steps, sending what comes due."""
        for _ in range(steps):
            self.clock.pass_by(**{unit: amount / steps for unit, amount in time.items()})
            self.drain()

    @property
    def kinds(self) -> list[list[str]]:
        """What has arrived: the kinds of each message's events."""
        return [[entry.kind for entry in message.entries] for message in self.receiver.got]

    def tried(self) -> list[tuple[str, str | None]]:
        """The delivery log."""
        rows = self.database.query("SELECT result, error FROM deliveries ORDER BY number")
        return [(row["result"], row["error"]) for row in rows]

    def states(self) -> dict[str, int]:
        rows = self.database.query("SELECT state, count(*) AS n FROM messages GROUP BY state")
        return {row["state"]: row["n"] for row in rows}


@contextmanager
def post(
    state_dir: Path, own: Policy | None = None, clock: Clock | None = None, *, channel: Channel | None = None
) -> Iterator[Post]:
    """`channel` is where it is sent, in place of the receiver in this process."""
    opened = Post(state_dir, own or policy(), clock or Clock(), channel)
    try:
        yield opened
    finally:
        opened.database.close()
