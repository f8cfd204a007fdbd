"""From events to messages: the place, ids, groups, digests, repeats, order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from forge_loop.domain.events import (
    Event,
    JobClaimed,
    JobYielded,
    LoopHalted,
    LoopResumed,
    NodeFinished,
    NodeStarted,
    SessionActivity,
    SinkFailed,
    SinkRecovered,
)
from forge_loop_integrations.outbox import Purpose
from forge_loop_integrations.outbox.sending import MOST_AFTER_QUIET
from forge_loop_integrations.routing import DEFAULT_ROUTES, Class, Quiet, Route, Send
from forge_loop_integrations.summary import OPEN, heading
from support.messages import UTC_ZONE, Clock, Post, policy, post

NIGHT = Quiet(start=time(11), end=time(14), zone=UTC_ZONE)  # it is 12:00


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Post]:
    with post(tmp_path) as desk:
        yield desk


def test_what_needs_a_person_is_sent_at_once(desk: Post) -> None:
    desk.take(desk.log.queued(), desk.log.handed_over())
    desk.drain()
    assert desk.kinds == [["job.handed_over"]]
    assert desk.states() == {"sent": 1}


def test_outcomes_of_one_issue_become_one_message(desk: Post) -> None:
    desk.take(desk.log.merged(), desk.log.merged(43))
    desk.clock.pass_by(seconds=10)
    desk.take(desk.log.event(LoopResumed(reason="x")), desk.log.merged())
    assert desk.drain() == 0
    desk.clock.pass_by(seconds=20)
    desk.drain()
    assert desk.kinds == [["job.merged", "job.merged"], ["job.merged"]]


def test_what_needs_a_person_takes_its_group_along_at_once(desk: Post) -> None:
    desk.take(desk.log.merged(), desk.log.handed_over())
    desk.drain()
    assert desk.kinds == [["job.merged", "job.handed_over"]]
    assert desk.receiver.got[0].of is Class.NEEDS_HUMAN


def test_chatter_moves_the_place_and_nothing_else(desk: Post) -> None:
    desk.take(*(desk.log.event(JobClaimed(delivery=1), issue=42) for _ in range(3)))
    assert desk.states() == {}
    desk.outbox.settle()
    assert desk.outbox.sink().seq == 3


def test_the_place_of_much_chatter_is_written_now_and_then(desk: Post) -> None:
    for _ in range(450):
        desk.take(desk.log.event(SessionActivity(role="worker", tool=None, detail=""), issue=42))
    assert desk.outbox.sink().seq == 400


def test_an_event_told_twice_is_one_message(desk: Post) -> None:
    event = desk.log.handed_over()
    desk.take(event, event)
    desk.outbox.begin(desk.log.seq)
    desk.take(event)
    desk.drain()
    assert desk.kinds == [["job.handed_over"]]


def test_the_first_start_begins_with_itself_and_a_later_one_where_it_stood(tmp_path: Path) -> None:
    with post(tmp_path, policy(sink="slack")) as desk:
        assert desk.outbox.begin(17) == 0
        desk.log.seq = 20
        desk.take(desk.log.handed_over())
        assert desk.outbox.begin(30) == 21


def test_after_an_older_backup_the_place_goes_back_and_new_events_are_new_messages(desk: Post) -> None:
    desk.log.seq = 9
    desk.take(desk.log.handed_over(42))
    desk.drain()
    assert desk.outbox.begin(5) == 5
    desk.log.seq = 9
    desk.clock.pass_by(minutes=1)
    desk.take(desk.log.handed_over(43))
    desk.drain()
    assert len(desk.kinds) == 2
    assert len({message.id for message in desk.receiver.got}) == 2


def test_message_and_place_are_written_together_or_not_at_all(desk: Post) -> None:
    desk.database.query("SELECT 1")
    with desk.database.transaction() as connection:
        connection.execute("CREATE TRIGGER no_place BEFORE UPDATE OF seq ON sinks BEGIN SELECT RAISE(ABORT, 'no'); END")
    event = desk.log.handed_over()
    with pytest.raises(Exception, match="no"):
        desk.take(event)
    assert desk.states() == {}
    with desk.database.transaction() as connection:
        connection.execute("DROP TRIGGER no_place")
    desk.take(event)
    assert desk.states() == {"pending": 1}


def test_quiet_hours_keep_messages_and_tell_a_few_one_by_one_afterwards(tmp_path: Path) -> None:
    with post(tmp_path, policy(quiet=NIGHT)) as desk:
        desk.take(*(desk.log.merged(number) for number in range(MOST_AFTER_QUIET)), desk.log.handed_over(99))
        desk.pass_by(minutes=119)
        assert desk.kinds == [["job.handed_over"]]
        desk.pass_by(minutes=1)
        assert desk.kinds[1:] == [["job.merged"]] * MOST_AFTER_QUIET


def test_many_messages_of_a_night_become_one_digest(tmp_path: Path) -> None:
    with post(tmp_path, policy(quiet=NIGHT)) as desk:
        desk.take(*(desk.log.merged(number) for number in range(MOST_AFTER_QUIET + 1)))
        desk.pass_by(hours=2)
        assert desk.kinds == [["job.merged"] * (MOST_AFTER_QUIET + 1)]
        assert desk.receiver.got[0].purpose is Purpose.DIGEST
        assert desk.states() == {"merged": MOST_AFTER_QUIET + 1, "sent": 1}


def test_a_digest_says_how_many_ended_how_and_what_still_waits_for_a_person(tmp_path: Path) -> None:
    routes = (Route(send=Send.DIGEST, classes=(Class.OUTCOME,)), *DEFAULT_ROUTES)
    with post(tmp_path, policy(routes=routes, digest_at=time(8))) as desk:
        desk.take(desk.log.handed_over(7), desk.log.handed_over(8))
        desk.drain()
        yielded = [desk.log.event(JobYielded(reason="a person came"), issue=number) for number in (3, 8)]
        desk.take(*yielded, desk.log.merged(1), desk.log.merged(2))
        desk.pass_by(hours=21, steps=42)
        (digest,) = [message for message in desk.receiver.got if message.purpose == Purpose.DIGEST]
        assert heading(digest.entries) == "3 events: 2 merged, 1 yielded"
        assert [entry.kind for entry in digest.entries][-1] == OPEN
        assert digest.entries[-1].headline == "1 still waits for you: #7 (handed over)"


def test_the_days_digest_comes_at_its_time_and_not_on_a_day_without_events(tmp_path: Path) -> None:
    routes = (Route(classes=(Class.OUTCOME,), send=Send.DIGEST), *DEFAULT_ROUTES)
    with post(tmp_path, policy(routes=routes, digest_at=time(8))) as desk:
        desk.take(desk.log.merged(1), desk.log.merged(2))
        desk.pass_by(hours=19, minutes=59)
        assert desk.kinds == []
        desk.pass_by(minutes=1)
        assert desk.kinds == [["job.merged", "job.merged"]]
        desk.pass_by(days=2, steps=48)
        assert len(desk.kinds) == 1


def test_what_stays_unresolved_is_told_again_three_times_and_no_more(desk: Post) -> None:
    desk.take(desk.log.handed_over())
    desk.drain()
    desk.pass_by(hours=3, minutes=59)
    assert len(desk.kinds) == 1
    desk.pass_by(hours=24, steps=48)
    assert desk.kinds == [["job.handed_over"]] * 4
    assert [message.purpose for message in desk.receiver.got[1:]] == [Purpose.REPEAT] * 3
    assert len({message.id for message in desk.receiver.got}) == 4


def test_what_is_over_is_told_once_and_not_again(desk: Post) -> None:
    desk.take(desk.log.event(LoopHalted(reason="no login")))
    desk.drain()
    desk.take(desk.log.event(LoopResumed(reason="asked for")))
    desk.drain()
    desk.pass_by(hours=24, steps=24)
    assert desk.kinds == [["loop.halted"], ["loop.resumed"]]
    assert desk.receiver.got[1].purpose is Purpose.RESOLVED


def test_a_repeat_waits_for_what_has_not_arrived(desk: Post) -> None:
    from forge_loop_integrations.channels import Retry

    desk.receiver.standing = Retry(reason="down")
    desk.take(desk.log.handed_over())
    desk.pass_by(hours=13, steps=200)
    assert desk.states() == {"pending": 1}


def test_the_title_and_the_labels_come_with_the_job(tmp_path: Path) -> None:
    routes = (Route(labels=("p0",), send=Send.NOW), Route(send=Send.OFF))
    with post(tmp_path, policy(routes=routes)) as desk:
        desk.take(desk.log.queued(42, "Say hello", ("p0", "docs")), desk.log.queued(43, "Not this", ("p3",)))
        desk.take(desk.log.merged(42), desk.log.merged(43))
        desk.drain()
        assert [message.matter for message in desk.receiver.got] == ["issue:42"]
        assert desk.outbox.matter("issue:42").title == "Say hello"


def test_what_looks_like_a_secret_is_not_kept(desk: Post) -> None:
    desk.take(desk.log.handed_over(reason="it printed xoxb-1234567890-abcdefghij, look"))
    desk.drain()
    kept = str(desk.receiver.got[0].entries)
    assert "xoxb" not in kept
    assert "withheld" in kept
    assert "xoxb" not in str(desk.database.query("SELECT entries FROM messages")[0]["entries"])


def test_a_sink_that_fails_is_news_for_the_others_alone(tmp_path: Path) -> None:
    everything = policy(routes=(Route(send=Send.NOW),))
    with post(tmp_path, everything) as desk:
        for minute in range(60):
            desk.clock.at = desk.clock.at.replace(minute=minute)
            desk.take(desk.log.event(SinkFailed(sink="webhook", reason="down")))
            desk.take(desk.log.event(SinkRecovered(sink="webhook")))
            desk.take(desk.log.event(SinkFailed(sink="slack", reason="down")))
        desk.drain()
        assert desk.kinds == [["sink.failed"]]
        assert desk.receiver.got[0].entries[0].data["sink"] == "slack"


def test_two_sinks_in_one_file_do_not_see_each_other(tmp_path: Path) -> None:
    clock = Clock()
    with post(tmp_path, policy(sink="slack"), clock) as slack, post(tmp_path, policy(sink="discord"), clock) as discord:
        event = slack.log.handed_over()
        slack.take(event)
        discord.take(event)
        slack.drain()
        assert (len(slack.kinds), len(discord.kinds)) == (1, 0)
        discord.drain()
        assert slack.receiver.got[0].id != discord.receiver.got[0].id


def node(state: type[NodeStarted] | type[NodeFinished], kind: str, name: str) -> Event:
    if state is NodeStarted:
        return NodeStarted(node=name, node_kind=kind, head_sha="c0ffee" * 6)
    return NodeFinished(node=name, node_kind=kind, state="passed", detail="", seconds=1.0, head_sha="c0ffee" * 6)


def test_a_person_of_the_pipeline_is_called_and_a_command_of_it_is_chatter(desk: Post) -> None:
    desk.take(desk.log.event(node(NodeStarted, "command", "bench"), issue=42, job=42))
    desk.take(desk.log.event(node(NodeStarted, "human", "owner"), issue=42, job=42))
    desk.drain()
    assert desk.kinds == [["node.started"]]
    assert desk.receiver.got[0].entries[0].headline == "owner: your word is needed before the merge"
    desk.take(desk.log.event(node(NodeFinished, "command", "bench"), issue=42, job=42))
    desk.drain()
    assert len(desk.kinds) == 1, "the command's end is not the person's answer"
    desk.take(desk.log.event(node(NodeFinished, "human", "owner"), issue=42, job=42))
    desk.drain()
    assert [message.purpose for message in desk.receiver.got] == ["event", "resolved"]


def test_what_waited_for_a_person_before_a_restart_is_over_after_it(tmp_path: Path) -> None:
    clock = Clock()
    with post(tmp_path, clock=clock) as desk:
        desk.take(desk.log.event(LoopHalted(reason="three failures")))
        desk.drain()
    with post(tmp_path, clock=clock) as again:
        again.log.seq = 1
        again.take(again.log.event(LoopResumed(reason="asked for")))
        again.drain()
        assert [(message.purpose, message.matter) for message in again.receiver.got] == [("resolved", "loop")]
