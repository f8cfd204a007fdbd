"""Buttons, from the message to the request and back, over Socket Mode."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_loop.database import Database
from forge_loop.domain.events import (
    JobCooledDown,
    JobHandedOver,
    LoopParked,
    NodeStarted,
    RequestApplied,
    RequestRefused,
)
from forge_loop.store import open_store
from forge_loop_integrations.links import Links
from forge_loop_integrations.outbox import Purpose
from forge_loop_integrations.routing import Route, Send
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.slack.bot import BotChannel
from forge_loop_integrations.slack.buttons import LIFE_SECONDS, Buttons, asking
from forge_loop_integrations.slack.socket_mode import Clicks, pressed_in
from forge_loop_integrations.slack.web_api import WebApi
from support.messages import Post, policy, post
from support.slack_service import APP, BOT, CHANNEL, SlackService, click, envelope, objects, slack

ALLOWED, OTHER = "U0ALLOWED", "U0STRANGER"
COOLED = JobCooledDown(until="2026-01-31T13:00:00.000Z", reason="checks are red")


@pytest.fixture
def service() -> Iterator[SlackService]:
    with slack() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Post]:
    own = policy(sink="slack", routes=(Route(send=Send.NOW),))
    with post(tmp_path, own) as desk:
        yield desk


@pytest.fixture
def buttons(desk: Post, tmp_path: Path) -> Buttons:
    return Buttons(desk.outbox, users=(ALLOWED,), ask=asking(tmp_path), now=desk.clock)


def requests(state: Path) -> list[tuple[str, int | None, str]]:
    database = Database(state / "state.db")
    try:
        return [(row.kind, row.issue, row.requested_by) for row in open_store(database).requests.select()]
    finally:
        database.close()


def offered(buttons: Buttons, desk: Post, key: str = "issue:42") -> dict[str, str]:
    return {button.label: button.id for button in buttons.offer(desk.outbox.matter(key))}


def test_what_waits_can_be_retried_or_given_up_and_a_parked_loop_resumed(desk: Post, buttons: Buttons) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    assert set(offered(buttons, desk)) == {"Retry now", "Give it up"}
    desk.take(desk.log.event(LoopParked(until="2026-01-31T13:00:00.000Z", reason="a limit")))
    assert set(offered(buttons, desk, "loop")) == {"Resume the loop"}
    desk.take(desk.log.merged())
    assert offered(buttons, desk) == {}


def test_a_merge_is_approved_for_the_commit_that_the_button_was_shown_for(
    desk: Post, buttons: Buttons, tmp_path: Path
) -> None:
    seen = []
    for sha in ("a" * 40, "b" * 40):
        desk.take(desk.log.event(NodeStarted(node="owner", node_kind="human", head_sha=sha), issue=42))
        seen.append(offered(buttons, desk))
    assert set(seen[0]) == {"Approve the merge", "Refuse it"}
    assert seen[0] != seen[1], "another commit is another question"
    assert buttons.press(seen[0]["Approve the merge"], ALLOWED).asked
    database = Database(tmp_path / "state.db")
    (row,) = open_store(database).requests.select()
    database.close()
    assert (row.kind, row.issue, row.detail) == ("pipeline.approve", 42, {"node": "owner", "head_sha": "a" * 40})


def test_a_command_of_the_pipeline_offers_nothing(desk: Post, buttons: Buttons) -> None:
    desk.take(desk.log.event(NodeStarted(node="bench", node_kind="command", head_sha="a" * 40), issue=42))
    assert offered(buttons, desk) == {}


def test_a_click_of_somebody_on_the_list_is_a_request_like_the_command_lines(
    desk: Post, buttons: Buttons, tmp_path: Path
) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    found = buttons.press(offered(buttons, desk)["Retry now"], ALLOWED)
    assert found.asked
    assert requests(tmp_path) == [("retry", 42, f"Slack user {ALLOWED}")]
    desk.drain()
    assert desk.receiver.got[-1].entries[0].headline == f"Retry now: asked for by {ALLOWED}, request 1"


def test_what_comes_of_a_click_is_told_where_it_was_pressed(desk: Post, buttons: Buttons, tmp_path: Path) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    buttons.press(offered(buttons, desk)["Retry now"], ALLOWED)
    desk.take(desk.log.event(RequestApplied(request=1, asked="retry", answer="#42 is due now")))
    desk.take(desk.log.event(RequestRefused(request=2, asked="retry", answer="of somebody else")))
    desk.drain()
    told = [message for message in desk.receiver.got if message.entries[0].kind == "request.applied"]
    assert [(message.matter, message.purpose, message.entries[0].detail) for message in told] == [
        ("issue:42", Purpose.NOTE, "#42 is due now")
    ]
    assert [message.purpose for message in desk.receiver.got][-1] is Purpose.EVENT, "by its own route"


def test_a_button_works_once(desk: Post, buttons: Buttons, tmp_path: Path) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    button = offered(buttons, desk)["Retry now"]
    assert [buttons.press(button, ALLOWED).asked for _ in range(3)] == [True, False, False]
    assert len(requests(tmp_path)) == 1
    assert offered(buttons, desk)["Retry now"] != button


@pytest.mark.parametrize("user", [OTHER, "", "u0allowed"])
def test_somebody_who_is_not_on_the_list_presses_in_vain(
    desk: Post, buttons: Buttons, tmp_path: Path, user: str
) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    button = offered(buttons, desk)["Retry now"]
    assert not buttons.press(button, user).asked
    assert requests(tmp_path) == []
    assert buttons.press(button, ALLOWED).asked, "and has not used it up"


@pytest.mark.parametrize("button", ["", "retry", "42", "' OR 1=1 --"])
def test_a_button_that_was_never_shown_does_nothing(buttons: Buttons, tmp_path: Path, button: str) -> None:
    assert not buttons.press(button, ALLOWED).asked
    assert requests(tmp_path) == []


def test_an_old_button_does_nothing(desk: Post, buttons: Buttons, tmp_path: Path) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    button = offered(buttons, desk)["Retry now"]
    desk.clock.pass_by(seconds=LIFE_SECONDS + 1)
    assert not buttons.press(button, ALLOWED).asked
    assert requests(tmp_path) == []


def test_a_message_that_changes_keeps_its_buttons(desk: Post, buttons: Buttons) -> None:
    desk.take(desk.log.event(COOLED, issue=42))
    assert offered(buttons, desk) == offered(buttons, desk)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "view_submission"},
        {"type": "block_actions"},
        {"type": "block_actions", "user": "U0ALLOWED", "actions": [{"value": "x"}]},
        {"type": "block_actions", "user": {"id": ALLOWED}, "actions": {"value": "x"}},
        {"type": "block_actions", "user": {"id": ALLOWED}, "actions": ["x", {}]},
    ],
)
def test_a_payload_of_another_shape_presses_nothing(payload: dict[str, Any]) -> None:
    assert pressed_in(payload)[1] == []


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_click_in_slack_becomes_a_request_and_its_thread_says_so(
    tmp_path: Path, service: SlackService, desk: Post, buttons: Buttons
) -> None:
    environ = {"BOT": BOT, "APP": APP}
    clicks = Clicks(
        base=service.url,
        app_token=Secret("env:APP"),
        environ=environ,
        buttons=buttons,
        api=WebApi(base=service.url, token=Secret("env:BOT"), environ=environ),
        channel=CHANNEL,
        pressed=lambda: None,
    )
    api = WebApi(base=service.url, token=Secret("env:BOT"), environ=environ)
    channel = BotChannel(api, CHANNEL, Links(), buttons=buttons.offer, beside=clicks.close)
    clicks.start()
    try:
        service.socket.wait_for_connection()
        with post(tmp_path, desk.outbox.policy, desk.clock, channel=channel) as sending:
            sending.log.seq = 0
            sending.take(sending.log.event(JobHandedOver(reason="x", pull_request=None), issue=42))
            sending.drain()
            ((ts, parent),) = service.messages.items()
            (button,) = [each for each in objects(parent["blocks"]) if each.get("type") == "button"]
            assert button["confirm"]["deny"]["text"] == "No"
            assert "42" not in button["value"], "it holds nothing of the issue"
            service.socket.say(envelope(1, click(OTHER, button["value"])))
            assert json.loads(service.socket.heard.get(timeout=3)) == {"envelope_id": "e-1"}
            wait_until(lambda: any(name == "chat.postEphemeral" for name, _ in service.calls))
            service.socket.say(envelope(2, click(ALLOWED, button["value"])))
            assert json.loads(service.socket.heard.get(timeout=3))["envelope_id"] == "e-2"
            wait_until(lambda: requests(tmp_path) == [("pause", None, f"Slack user {ALLOWED}")])
            wait_until(lambda: sending.drain() > 0)
            assert [each["text"] for each in service.replies(ts)] == [
                f"Pause the loop: asked for by {ALLOWED}, request 1"
            ]
    finally:
        channel.close()


def test_a_connection_that_slack_renews_goes_on_hearing(
    tmp_path: Path, service: SlackService, desk: Post, buttons: Buttons
) -> None:
    environ = {"BOT": BOT, "APP": APP}
    desk.take(desk.log.event(COOLED, issue=42))
    api = WebApi(base=service.url, token=Secret("env:BOT"), environ=environ)
    clicks = Clicks(
        base=service.url,
        app_token=Secret("env:APP"),
        environ=environ,
        buttons=buttons,
        api=api,
        channel=CHANNEL,
        pressed=lambda: None,
    )
    clicks.start()
    try:
        service.socket.wait_for_connection()
        service.socket.say(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
        service.socket.wait_for_connection(2)
        service.socket.say(envelope(3, click(ALLOWED, offered(buttons, desk)["Retry now"])))
        wait_until(lambda: len(requests(tmp_path)) == 1)
    finally:
        clicks.close()
