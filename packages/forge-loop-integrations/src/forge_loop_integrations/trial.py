"""A test message: what `forge-loop notify test` sends.

Owns: its content. Must not: look like something that happened.
"""

from __future__ import annotations

from datetime import datetime

from forge_loop.extension import rfc3339
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.outbox.identity import random_id
from forge_loop_integrations.outbox.rows import MatterRow, Message, Purpose, State
from forge_loop_integrations.routing import Class, Hold, Severity


def trial_message(sink: str, now: datetime) -> Message:
    entry = Entry(
        seq=0,
        at=rfc3339(now),
        kind="notification.test",
        repo="",
        issue=None,
        job=None,
        attempt=None,
        of=Class.OUTCOME,
        severity=Severity.INFO,
        headline="a test message: what needs you will arrive here",
        detail="",
        state="",
        data={},
    )
    moment = now.timestamp()
    return Message(
        number=0,
        id=random_id(),
        sink=sink,
        matter="test",
        of=Class.OUTCOME,
        purpose=Purpose.TEST,
        hold=Hold.NONE,
        entries=(entry,),
        state=State.SENDING,
        attempts=1,
        created_at=moment,
        not_before=moment,
        ended_at=None,
        error=None,
    )


def trial_matter() -> MatterRow:
    return MatterRow(key="test")
