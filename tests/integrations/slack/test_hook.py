"""Slack's incoming webhook, over the wire: the lesser mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.domain.events import JobHandedOver
from forge_loop_integrations.links import Links
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.slack.hook import HookChannel
from support.messages import HOSTILE, Post, policy, post
from support.receivers import Receiver, Reply, in_turn, receiving
from support.slack_service import MENTION, objects, wrong_in

OK = Reply(body=b"ok")


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving(in_turn(OK)) as hook:
        yield hook


@pytest.fixture
def desk(tmp_path: Path, hook: Receiver) -> Iterator[Post]:
    environ = {"URL": f"{hook.url}/services/T000/B000/verysecretverysecret"}
    channel = HookChannel(url=Secret("env:URL"), environ=environ, links=Links())
    with post(tmp_path, policy(sink="slack"), channel=channel) as desk:
        yield desk
    channel.close()


def test_each_message_stands_for_itself(desk: Post, hook: Receiver) -> None:
    desk.take(desk.log.queued(), desk.log.handed_over())
    desk.drain()
    desk.take(desk.log.merged())
    desk.pass_by(seconds=30)
    said = [request.json for request in hook.requests]
    assert [each["text"] for each in said] == [
        "#42 Say hello: ⚠ handed over: a person must finish it",
        "#42 Say hello: merged",
    ]
    assert all("ts" not in each and "metadata" not in each and "channel" not in each for each in said)


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(status=400, body=b"invalid_payload"), "refused"),
        (Reply(status=403, body=b"action_prohibited"), "gone"),
        (Reply(status=404, body=b"no_service"), "gone"),
        (Reply(status=410, body=b"channel_is_archived"), "gone"),
        (Reply(status=429, headers={"retry-after": "1"}), "retry"),
        (Reply(status=500), "retry"),
        (Reply(status=302, headers={"location": "https://evil.example"}), "retry"),
        (Reply(fault="drop"), "retry"),
    ],
)
def test_what_its_answers_mean(desk: Post, hook: Receiver, reply: Reply, result: str) -> None:
    hook.answer = in_turn(reply)
    desk.take(desk.log.handed_over())
    desk.sender.step()
    assert [each[0] for each in desk.tried()] == [result]
    assert "verysecret" not in str(desk.tried())


def test_an_answer_that_repeats_the_url_is_kept_without_it(desk: Post, hook: Receiver) -> None:
    hook.answer = lambda request: Reply(status=400, body=f"no {hook.url}{request.path}".encode())
    desk.take(desk.log.handed_over())
    desk.sender.step()
    assert desk.tried() == [("refused", "Slack answered 400 no [hidden]")]


def test_blocks_it_does_not_take_are_left_out_once(desk: Post, hook: Receiver) -> None:
    hook.answer = in_turn(Reply(status=400, body=b"invalid_blocks"), OK)
    desk.take(desk.log.handed_over())
    desk.drain()
    assert "blocks" not in hook.requests[1].json


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_stranger_writes_nobody_is_rung(desk: Post, hook: Receiver, text: str) -> None:
    desk.take(desk.log.queued(title=text))
    desk.take(desk.log.event(JobHandedOver(reason=text, pull_request=None), issue=42))
    desk.drain()
    (request,) = hook.requests
    assert wrong_in(request.json) == ""
    marked = [each["text"] for each in objects(request.json["blocks"]) if each.get("type") == "mrkdwn"]
    assert not MENTION.search(json.dumps([request.json["text"], marked]))
