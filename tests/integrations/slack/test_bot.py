"""Slack with a bot's token, over the wire: one message per issue, its details in its thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from forge_loop.domain.events import JobAdvanced, JobHandedOver, LoopHalted, LoopResumed
from forge_loop_integrations.links import Links
from forge_loop_integrations.routing import DEFAULT_ROUTES, Class, Route, Send
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.slack.bot import BotChannel
from forge_loop_integrations.slack.web_api import WebApi
from support.messages import HOSTILE, Post, policy, post
from support.receivers import Reply
from support.slack_service import BOT, CHANNEL, SlackService, slack

LINKS = Links("https://github.com/owner/name")


@pytest.fixture
def service() -> Iterator[SlackService]:
    with slack() as service:
        yield service


def bot(service: SlackService, channel: str = CHANNEL, token: str = BOT) -> BotChannel:
    return BotChannel(WebApi(base=service.url, token=Secret("env:TOKEN"), environ={"TOKEN": token}), channel, LINKS)


@pytest.fixture
def desk(tmp_path: Path, service: SlackService) -> Iterator[Post]:
    channel = bot(service)
    with post(tmp_path, policy(sink="slack"), channel=channel) as desk:
        yield desk
    channel.close()


def texts(message: dict[str, Any]) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


def test_an_issue_has_one_message_that_changes_and_a_thread_that_grows(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.queued(), desk.log.handed_over())
    desk.drain()
    ((ts, first),) = service.messages.items()
    assert first["blocks"][0]["text"]["text"] == "#42 Say hello"
    assert "handed over" in texts(first)
    assert "<https://github.com/owner/name/issues/42|#42>" in texts(first)
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    assert len(service.parents()) == 1
    assert "merged" in texts(service.messages[ts])
    assert "handed over" not in texts(service.messages[ts])
    assert ["merged" in texts(each) for each in service.replies(ts)] == [True]


def test_only_what_needs_a_person_is_shown_outside_its_thread(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    desk.take(desk.log.handed_over())
    desk.drain()
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    replies = [each for each in service.messages.values() if "thread_ts" in each]
    assert [each.get("reply_broadcast", False) for each in replies] == [True, False]


def test_an_update_changes_the_message_and_adds_no_word(tmp_path: Path, service: SlackService) -> None:
    routes = (Route(kinds=("job.advanced",), send=Send.UPDATE), *DEFAULT_ROUTES)
    channel = bot(service)
    with post(tmp_path, policy(sink="slack", routes=routes), channel=channel) as desk:
        advanced = JobAdvanced(before="working", after="reviewing", reason=None)
        desk.take(desk.log.event(advanced, issue=42))
        desk.drain()
        assert service.messages == {}, "there is nothing to change yet"
        desk.take(desk.log.handed_over())
        desk.drain()
        desk.take(desk.log.event(advanced, issue=42))
        desk.drain()
        (only,) = service.messages.values()
        assert "reviewing" in texts(only)
    channel.close()


def test_the_loop_itself_is_one_matter(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.event(LoopHalted(reason="no login")), desk.log.event(LoopResumed(reason="asked for")))
    desk.drain()
    assert len(service.parents()) == 1


def test_a_channel_named_by_its_name_is_changed_by_its_id(tmp_path: Path, service: SlackService) -> None:
    channel = bot(service, "#alerts")
    with post(tmp_path, policy(sink="slack"), channel=channel) as desk:
        desk.take(desk.log.handed_over())
        desk.drain()
        desk.take(desk.log.merged())
        desk.pass_by(seconds=30)
        assert [name for name, _ in service.calls] == ["chat.postMessage", "chat.update", "chat.postMessage"]
        assert desk.tried() == [("delivered", None), ("delivered", None)]
    channel.close()


def test_a_message_that_somebody_deleted_is_posted_anew(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.handed_over())
    desk.drain()
    service.messages.clear()
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    desk.take(desk.log.handed_over())
    desk.drain()
    assert len(service.parents()) == 1


def test_a_message_that_was_kept_before_its_sender_died_is_not_said_twice(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.handed_over())
    leased = desk.sending.lease()
    assert leased is not None
    message, matter = leased
    channel = bot(service)
    channel.deliver(message, matter, lambda remote: desk.sending.keep(message.matter, remote))
    channel.close()  # and here the process dies: nothing is recorded
    desk.pass_by(minutes=2, steps=4)
    assert (len(service.messages), desk.states()) == (1, {"sent": 1})


def test_every_message_carries_the_id_by_which_a_repetition_is_recognised(desk: Post, service: SlackService) -> None:
    desk.take(desk.log.handed_over())
    desk.drain()
    waiting = desk.database.query("SELECT id FROM messages")[0]["id"]
    (only,) = service.messages.values()
    assert only["metadata"]["event_payload"]["delivery_id"] == waiting


def test_a_rate_limit_is_waited_for_as_long_as_slack_asks(desk: Post, service: SlackService) -> None:
    limited = json.dumps({"ok": False, "error": "ratelimited"}).encode()
    service.faults = [Reply(status=429, body=limited, headers={"retry-after": "90"})]
    desk.take(desk.log.handed_over())
    desk.pass_by(seconds=89, steps=89)
    assert desk.tried() == [("retry", "Slack says 'ratelimited'")]
    desk.pass_by(seconds=2)
    assert len(service.messages) == 1


@pytest.mark.parametrize(
    ("error", "result"),
    [
        ("ratelimited", "retry"),
        ("internal_error", "retry"),
        ("invalid_auth", "gone"),
        ("token_revoked", "gone"),
        ("not_in_channel", "gone"),
        ("channel_not_found", "gone"),
        ("is_archived", "gone"),
        ("no_text", "refused"),
        ("something_new", "refused"),
    ],
)
def test_what_slacks_errors_mean_though_they_come_with_200(
    desk: Post, service: SlackService, error: str, result: str
) -> None:
    service.faults = [error]
    desk.take(desk.log.handed_over())
    desk.sender.step()
    assert desk.tried() == [(result, f"Slack says {error!r}")]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(status=500), "retry"),
        (Reply(status=503, body=b"<html>"), "retry"),
        (Reply(status=302, headers={"location": "https://evil.example/"}), "retry"),
        (Reply(status=200, body=b"<html>a portal"), "retry"),
        (Reply(status=403), "gone"),
        (Reply(status=400), "refused"),
        (Reply(fault="drop"), "retry"),
    ],
)
def test_what_answers_that_are_none_of_the_apis_mean(
    desk: Post, service: SlackService, reply: Reply, result: str
) -> None:
    service.faults = [reply]
    desk.take(desk.log.handed_over())
    desk.sender.step()
    assert [each[0] for each in desk.tried()] == [result]


def test_blocks_that_slack_does_not_take_are_left_out_once(desk: Post, service: SlackService) -> None:
    service.faults = ["msg_blocks_too_long"]
    desk.take(desk.log.handed_over())
    desk.drain()
    (only,) = service.messages.values()
    assert "blocks" not in only
    assert only["text"].startswith("#42")


def test_a_token_that_is_no_longer_there_is_a_reason_and_no_crash(tmp_path: Path, service: SlackService) -> None:
    channel = bot(service, token="")
    with post(tmp_path, policy(sink="slack"), channel=channel) as desk:
        desk.take(desk.log.handed_over())
        desk.drain()
        assert desk.tried() == [("retry", "OperatorError: env:TOKEN holds nothing")]
    channel.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_nobody_is_rung_and_slack_takes_it(
    desk: Post, service: SlackService, text: str
) -> None:
    desk.take(desk.log.queued(title=text))
    for _ in range(2):
        desk.take(desk.log.event(JobHandedOver(reason=text, pull_request=None), issue=42))
        desk.drain()
    desk.take(desk.log.merged())
    desk.pass_by(minutes=1)
    assert desk.tried() == [("delivered", None)] * 3
    assert service.rung == []
    assert all("blocks" in shape for _, shape in service.calls), "within the limits at the first try"
    assert "\u202e" not in json.dumps(service.calls, ensure_ascii=False)


def test_a_digest_of_anything_is_within_the_limits(tmp_path: Path, service: SlackService) -> None:
    routes = (Route(classes=tuple(Class), send=Send.DIGEST),)
    channel = bot(service)
    with post(tmp_path, policy(sink="slack", routes=routes, digest_at=time(8)), channel=channel) as desk:
        for number, text in enumerate(HOSTILE * 10):
            desk.take(desk.log.event(JobHandedOver(reason=text, pull_request=None), issue=number))
        desk.pass_by(hours=20)
        assert desk.tried() == [("delivered", None)]
        (only,) = service.messages.values()
        assert f"and {len(HOSTILE) * 10 - 40} more" in texts(only)
        assert service.rung == []
    channel.close()
