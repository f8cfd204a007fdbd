"""What a webhook's receiver reads, and that it is never too long."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forge_loop.domain.events import JobHandedOver, MaintenanceProposed, MergeRefused
from forge_loop_integrations.entry import entry_of
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.webhook.body import body_of, type_of
from support.messages import HOSTILE, Clock, Post, post

MATTER = MatterRow(key="issue:42", title="Say hello")


def made(desk: Post) -> Message:
    desk.drain()
    return desk.receiver.got[-1]


def read(body: bytes) -> dict[str, Any]:
    assert len(body) < 20_000
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def message(tmp_path: Path) -> Message:
    with post(tmp_path, clock=Clock()) as desk:
        desk.take(desk.log.handed_over())
        return made(desk)


def test_one_event_has_its_kind_its_time_and_its_data(message: Message) -> None:
    assert read(body_of(message, MATTER)) == {
        "type": "job.handed_over",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "data": {
            "schema_version": 1,
            "title": "Say hello",
            "kind": "job.handed_over",
            "class": "needs-human",
            "severity": "warning",
            "repo": "owner/name",
            "issue": 42,
            "job": 42,
            "attempt": None,
            "seq": 1,
            "at": "2026-01-31T12:00:00.000Z",
            "headline": "handed over: a person must finish it",
            "detail": "a protected path was touched\nPull request #7.",
            "data": {"reason": "a protected path was touched", "pull_request": 7},
        },
    }


@pytest.mark.parametrize(
    ("purpose", "type"),
    [
        (Purpose.EVENT, "job.handed_over"),
        (Purpose.REPEAT, "notification.repeated"),
        (Purpose.RESOLVED, "notification.resolved"),
        (Purpose.DIGEST, "notification.digest"),
        (Purpose.TEST, "notification.test"),
    ],
)
def test_the_type_says_what_kind_of_message_it_is(message: Message, purpose: Purpose, type: str) -> None:
    assert type_of(replace(message, purpose=purpose)) == type


def test_several_events_are_a_list_and_what_does_not_fit_is_counted(message: Message) -> None:
    many = replace(message, entries=message.entries * 300, purpose=Purpose.DIGEST)
    data = read(body_of(many, MATTER))["data"]
    assert len(data["events"]) + data["omitted"] == 300
    assert data["events"]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_the_body_is_json_and_short(tmp_path: Path, text: str) -> None:
    with post(tmp_path) as desk:
        for event in (
            JobHandedOver(reason=text, pull_request=None),
            MergeRefused(reasons=(text,) * 50),
            MaintenanceProposed(proposal=1, proposed="retitle", text=text),
        ):
            entry = entry_of(desk.log.event(event, issue=42))
            plain = Message(
                number=1,
                id="msg_x",
                sink="webhook",
                matter="issue:42",
                of=entry.of,
                purpose=Purpose.EVENT,
                hold="",  # type: ignore[arg-type]
                entries=(entry,) * 7,
                state="pending",  # type: ignore[arg-type]
                attempts=1,
                created_at=0,
                not_before=0,
                ended_at=None,
                error=None,
            )
            read(body_of(plain, MatterRow(key="issue:42", title=text)))
            read(body_of(replace(plain, entries=(entry,)), MatterRow(key="issue:42", title=text)))
