"""`forge-loop notify`, as an operator types it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from forge_loop_integrations.channels import Refused
from support import command_line
from support.command_line import Said
from support.messages import Clock, policy, post
from support.receivers import Receiver, Reply, in_turn, receiving
from support.repositories import make_checkout

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
CONFIG = """
sinks:
  webhook:
    url: env:HOOK
    secret: env:SECRET
    allow_private: true
    routes:
      - {kinds: ["job.merged"], labels: [p0], send: now}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    project: Path
    state: Path
    receiver: Receiver

    def notify(self, *words: str) -> Said:
        return command_line.run("notify", *words, "-C", str(self.project), "--state-dir", str(self.state))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    project, state = make_checkout(tmp_path / "project"), tmp_path / "state"
    (project / "forge-loop.yaml").write_text(CONFIG)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with receiving(in_turn(Reply(status=204))) as receiver:
        monkeypatch.setenv("HOOK", f"{receiver.url}/hook")
        yield Desk(project=project, state=state, receiver=receiver)


def happen(desk: Desk, *, dead: bool = False) -> list[str]:
    """Two messages, the first of which the receiver takes or refuses; their ids."""
    desk.state.mkdir(mode=0o700, exist_ok=True)
    clock = Clock()
    with post(desk.state, policy(), clock) as sending:
        if dead:
            sending.receiver.answers = [Refused(reason="it answered 400", status=400)]
        sending.take(sending.log.handed_over(1))
        sending.drain()
        sending.take(sending.log.merged(2))
        rows = sending.database.query("SELECT id FROM messages ORDER BY number")
        return [row["id"] for row in rows]


def test_a_test_message_arrives_signed(desk: Desk) -> None:
    said = desk.notify("test", "--json")
    assert (said.status, said.document["sinks"][0]["result"]) == (0, "delivered")
    (request,) = desk.receiver.requests
    Webhook(SECRET).verify(request.body, dict(request.headers))
    assert request.json["type"] == "notification.test"


def test_a_test_that_is_not_taken_says_what_was_answered_and_fails(desk: Desk) -> None:
    desk.receiver.answer = in_turn(Reply(status=404))
    said = desk.notify("test", "--sink", "webhook")
    assert said.status == 1
    assert said.lines[0].split("\t")[:2] == ["webhook", "refused: it answered 404"]


def test_a_dry_run_sends_nothing(desk: Desk) -> None:
    said = desk.notify("test", "--dry-run")
    assert (said.status, desk.receiver.requests) == (0, [])
    assert "would be tried" in said.stdout


def test_the_sinks_are_listed_before_a_loop_has_run_and_after(desk: Desk) -> None:
    assert "begins with the loop" in desk.notify("sinks").stdout
    happen(desk)
    (shown,) = desk.notify("sinks", "--json").document["sinks"]
    assert (shown["name"], shown["begun"], shown["waiting"], shown["stopped"]) == ("webhook", True, 1, None)


def test_messages_are_listed_the_newest_first(desk: Desk) -> None:
    ids = happen(desk)
    shown = desk.notify("list", "--json").document["messages"]
    assert [each["id"] for each in shown] == list(reversed(ids))
    assert [each["state"] for each in shown] == ["pending", "sent"]
    assert [each["events"][0]["kind"] for each in shown] == ["job.merged", "job.handed_over"]
    assert [line.split("\t")[0] for line in desk.notify("list", "--state", "sent").lines] == [ids[0]]


def test_the_log_of_a_message_shows_every_attempt(desk: Desk) -> None:
    (first, _) = happen(desk, dead=True)
    shown = desk.notify("log", first[:12], "--json").document
    assert [(each["attempt"], each["result"], each["status"]) for each in shown["deliveries"]] == [(1, "refused", 400)]
    assert "it answered 400" in desk.notify("log", first).stdout


def test_dead_messages_are_sent_again_under_their_ids(desk: Desk) -> None:
    (first, _) = happen(desk, dead=True)
    assert desk.notify("redeliver", "--dead", "--json").document["redelivered"] == [first]
    states = {each["id"]: each["state"] for each in desk.notify("list", "--json").document["messages"]}
    assert states[first] == "pending"


def test_a_message_that_was_sent_can_be_sent_again_by_its_id(desk: Desk) -> None:
    (first, _) = happen(desk)
    assert desk.notify("redeliver", first).status == 0
    assert {each["state"] for each in desk.notify("list", "--json").document["messages"]} == {"pending"}


@pytest.mark.parametrize("words", [("redeliver",), ("redeliver", "msg_x", "--dead"), ("redeliver", "msg_none")])
def test_what_cannot_be_sent_again_is_said_with_a_hint(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk.notify(*words)
    assert said.status == 2
    assert "hint: forge-loop notify list" in said.stderr


def test_a_sink_is_paused_and_resumed(desk: Desk) -> None:
    happen(desk)
    assert desk.notify("pause", "webhook", "--reason", "it is moved").status == 0
    assert "stopped: it is moved" in desk.notify("sinks").stdout
    assert desk.notify("resume", "webhook", "--json").document["state"] == "resumed"
    assert desk.notify("sinks", "--json").document["sinks"][0]["stopped"] is None


def test_a_sink_that_has_not_begun_cannot_be_paused(desk: Desk) -> None:
    said = desk.notify("pause", "webhook")
    assert (said.status, "it begins with the loop" in said.stderr) == (2, True)


def test_a_sink_that_is_not_configured_is_named_with_the_nearest_that_is(desk: Desk) -> None:
    said = desk.notify("pause", "webhok")
    assert said.status == 2
    assert "no sink 'webhok' is configured, did you mean 'webhook'?" in said.stderr


def test_the_routes_stand_in_their_order(desk: Desk) -> None:
    assert [line.split("\t")[2] for line in desk.notify("routes").lines] == [
        "job.merged, label p0: now",
        "class needs-human: now",
        "class outcome: grouped",
        "everything: off",
    ]


def test_a_decision_is_explained(desk: Desk) -> None:
    plain = desk.notify("routes", "--explain", "job.merged", "--json").document
    labelled = desk.notify("routes", "--explain", "job.merged", "--label", "p0", "--json").document
    assert (plain["class"], plain["severity"]) == ("outcome", "info")
    assert [each["send"] for each in plain["sinks"] + labelled["sinks"]] == ["grouped", "now"]
    assert labelled["sinks"][0]["because"] == "route 0: job.merged, label p0: now"


def test_an_event_that_is_none_is_named_with_the_nearest_that_is(desk: Desk) -> None:
    said = desk.notify("routes", "--explain", "job.merge")
    assert (said.status, "did you mean 'job.merged'?" in said.stderr) == (2, True)


def test_without_a_sink_there_is_nothing_to_notify(desk: Desk) -> None:
    (desk.project / "forge-loop.yaml").write_text("")
    said = desk.notify("sinks")
    assert said.status == 2
    assert "no sink is configured" in said.stderr


def test_no_secret_is_shown_by_any_command(desk: Desk) -> None:
    happen(desk, dead=True)
    shown = [desk.notify(*words) for words in (("sinks",), ("list",), ("test",), ("routes",))]
    shown.append(command_line.run("config", "show", "--json", "-C", str(desk.project)))
    for said in shown:
        assert said.status in (0, 1)
        assert SECRET not in said.stdout + said.stderr
        assert "/hook" not in said.stdout + said.stderr


def test_config_check_says_what_is_wrong_with_a_sink(desk: Desk) -> None:
    (desk.project / "forge-loop.yaml").write_text(CONFIG.replace("job.merged", "job.mergd"))
    said = command_line.run("config", "check", "-C", str(desk.project))
    assert said.status == 2
    assert "there is no event 'job.mergd', did you mean 'job.merged'?" in said.stderr
