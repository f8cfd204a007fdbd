"""Discord's webhook, over the wire: one embed per issue, nobody mentioned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from forge_loop.domain.events import JobHandedOver
from forge_loop.errors import OperatorError
from forge_loop_integrations.discord.channel import DiscordChannel, check_webhook
from forge_loop_integrations.links import Links
from forge_loop_integrations.routing import Class, Route, Send
from forge_loop_integrations.secret import Secret
from support.discord_service import PATH, DiscordService, discord
from support.messages import HOSTILE, Post, policy, post
from support.receivers import Reply, as_json


@pytest.fixture
def service() -> Iterator[DiscordService]:
    with discord() as service:
        yield service


def webhook(service: DiscordService) -> DiscordChannel:
    links = Links("https://github.com/owner/name")
    return DiscordChannel(url=Secret("env:URL"), environ={"URL": service.url}, links=links)


@pytest.fixture
def desk(tmp_path: Path, service: DiscordService) -> Iterator[Post]:
    channel = webhook(service)
    with post(tmp_path, policy(sink="discord"), channel=channel) as desk:
        yield desk
    channel.close()


def test_an_issue_has_one_embed_that_changes(desk: Post, service: DiscordService) -> None:
    desk.take(desk.log.queued(), desk.log.merged())
    desk.pass_by(seconds=30)
    desk.take(desk.log.event(JobHandedOver(reason="x", pull_request=None), issue=43), desk.log.merged())
    desk.pass_by(seconds=30)
    first, second = service.messages.values()
    assert first["embeds"][0]["title"] == "\\#42 Say hello"
    assert first["embeds"][0]["url"] == "https://github.com/owner/name/issues/42"
    assert second["embeds"][0]["color"] != first["embeds"][0]["color"]
    assert [(method, path.removeprefix(PATH)) for method, path, _ in service.calls] == [
        ("POST", "?wait=true"),
        ("POST", "?wait=true"),
        ("PATCH", f"/messages/{next(iter(service.messages))}"),
    ]


def test_a_changed_embed_rings_nobody_so_what_needs_a_person_is_a_message_too(
    desk: Post, service: DiscordService
) -> None:
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    desk.take(desk.log.handed_over())
    desk.drain()
    first, call = service.messages.values()
    assert "handed over" in first["embeds"][0]["description"]
    assert "handed over" in call["content"]
    assert "embeds" not in call


def test_nobody_is_mentioned_in_any_message_or_change(desk: Post, service: DiscordService) -> None:
    desk.take(desk.log.handed_over())
    desk.drain()
    desk.take(desk.log.handed_over(), desk.log.merged())
    desk.pass_by(minutes=1)
    assert len(service.calls) >= 3
    assert {json.dumps(shape["allowed_mentions"]) for _, _, shape in service.calls} == {'{"parse": []}'}


def test_an_embed_that_somebody_deleted_is_made_anew(desk: Post, service: DiscordService) -> None:
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    service.messages.clear()
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    assert len(service.messages) == 1
    assert [each[0] for each in desk.tried()] == ["delivered", "delivered"]


def test_a_webhook_that_is_gone_is_never_called_again(desk: Post, service: DiscordService) -> None:
    service.faults = [as_json({"message": "Unknown Webhook", "code": 10015}, 404)]
    desk.take(desk.log.handed_over(1), desk.log.handed_over(2))
    desk.pass_by(days=1, steps=50)
    assert len(service.calls) == 1
    assert desk.tried() == [("gone", "Discord answered 404, code 10015")]


def test_a_rate_limit_is_waited_for_as_long_as_its_body_says(desk: Post, service: DiscordService) -> None:
    body = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
    service.faults = [as_json(body, 429, retry_after="65", x_ratelimit_scope="shared")]
    desk.take(desk.log.handed_over())
    desk.drain()
    desk.pass_by(seconds=64, steps=64)
    assert len(service.calls) == 1
    desk.pass_by(seconds=1)
    assert len(service.messages) == 1


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(status=204), "refused"),
        (Reply(status=302, headers={"location": "/x"}), "retry"),
        (Reply(status=400), "refused"),
        (Reply(status=401), "gone"),
        (Reply(status=403), "gone"),
        (Reply(status=500), "retry"),
        (Reply(status=502, body=b"<html>"), "retry"),
        (Reply(fault="drop"), "retry"),
        (Reply(fault="cut", body=b"{"), "retry"),
    ],
)
def test_what_its_answers_mean(desk: Post, service: DiscordService, reply: Reply, result: str) -> None:
    service.faults = [reply]
    desk.take(desk.log.handed_over())
    desk.sender.step()
    assert [each[0] for each in desk.tried()] == [result]
    assert "to-ken_x" not in str(desk.tried())


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_nobody_is_rung_and_discord_takes_it(
    desk: Post, service: DiscordService, text: str
) -> None:
    desk.take(desk.log.queued(title=text))
    for _ in range(2):
        desk.take(desk.log.event(JobHandedOver(reason=text, pull_request=None), issue=42))
        desk.drain()
    assert desk.tried() == [("delivered", None)] * 2
    assert service.rung == []
    assert "@everyone" not in json.dumps(service.calls, ensure_ascii=False)
    assert "<@123" not in json.dumps(service.calls, ensure_ascii=False)
    assert "\u202e" not in json.dumps(service.calls, ensure_ascii=False)


def test_a_digest_of_anything_is_within_the_limits(tmp_path: Path, service: DiscordService) -> None:
    routes = (Route(classes=tuple(Class), send=Send.DIGEST),)
    channel = webhook(service)
    with post(tmp_path, policy(sink="discord", routes=routes, digest_at=time(8)), channel=channel) as desk:
        for number, text in enumerate(HOSTILE * 10):
            desk.take(desk.log.event(JobHandedOver(reason=text, pull_request=None), issue=number))
        desk.pass_by(hours=20)
        assert desk.tried() == [("delivered", None)]
    channel.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/webhooks/123/abc",
        "https://discord.com/api/v10/webhooks/123/a-b_c",
        "http://127.0.0.1:80/api/webhooks/1/x",
    ],
)
def test_a_webhooks_url_is_taken(url: str) -> None:
    check_webhook(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/",
        "https://discord.com/api/webhooks/123",
        "https://discord.com/api/webhooks/123/abc/slack",
        "https://discord.com/api/webhooks/123/abc?wait=true",
        "discord.com/api/webhooks/123/abc",
    ],
)
def test_another_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(OperatorError) as refused:
        check_webhook(url)
    assert "123/abc" not in str(refused.value)
