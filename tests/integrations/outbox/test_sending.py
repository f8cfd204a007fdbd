"""What an answer makes of a message and of its receiver, on a simulated clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.outbox.sending import LEASE_SECONDS, MOST_DEAD_IN_A_ROW, resume, stop
from support.messages import Clock, Post, Taking, post

DOWN = Retry(reason="it cannot be reached")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Post]:
    with post(tmp_path) as desk:
        yield desk


def log(desk: Post) -> list[tuple[int, str, int | None]]:
    rows = desk.database.query("SELECT attempt, result, status FROM deliveries ORDER BY number")
    return [(row["attempt"], row["result"], row["status"]) for row in rows]


def ids(receiver: Taking) -> list[str]:
    return [message.id for message in receiver.got]


def test_a_message_keeps_its_id_over_all_attempts_and_each_is_logged(desk: Post) -> None:
    desk.receiver.answers = [Retry(reason="it answered 500", status=500), DOWN]
    desk.take(desk.log.handed_over())
    waiting = desk.database.query("SELECT id FROM messages")[0]["id"]
    desk.pass_by(minutes=5, steps=100)
    assert ids(desk.receiver) == [waiting]
    assert log(desk) == [(1, "retry", 500), (2, "retry", None), (3, "delivered", 200)]


def test_a_receiver_that_is_down_for_a_day_misses_nothing_and_gets_all_of_it_soon_after(desk: Post) -> None:
    desk.receiver.standing = DOWN
    for hour in range(24):
        desk.take(desk.log.handed_over(hour), desk.log.handed_over(100 + hour))
        desk.pass_by(hours=1, steps=60)
    attempts = len(log(desk))
    assert attempts <= 24 * 12 + 20, "it is asked every five minutes, however much waits"
    desk.receiver.standing = Delivered(status=200)
    desk.pass_by(minutes=6, steps=12)
    assert len(ids(desk.receiver)) == 48
    assert len(set(ids(desk.receiver))) == 48
    assert desk.states() == {"sent": 48}


def test_after_three_days_a_message_is_dead_and_kept(desk: Post) -> None:
    desk.receiver.standing = DOWN
    desk.take(desk.log.merged())
    desk.pass_by(hours=71, steps=71 * 6)
    assert desk.states() == {"pending": 1}
    desk.pass_by(hours=3, steps=30)
    assert desk.states() == {"dead": 1}


def test_what_the_receiver_asks_for_is_waited_for_by_every_message(desk: Post) -> None:
    desk.receiver.answers = [Retry(reason="it answered 429", status=429, after=900)]
    desk.take(desk.log.handed_over(1))
    desk.drain()
    desk.take(desk.log.handed_over(2))
    desk.pass_by(minutes=14, seconds=59, steps=60)
    assert len(log(desk)) == 1
    desk.pass_by(seconds=2)
    assert desk.states() == {"sent": 2}


def test_one_message_that_the_receiver_cannot_bear_does_not_hold_up_the_others(desk: Post) -> None:
    desk.receiver.answers = [Retry(reason="it answered 500", status=500)]
    desk.take(desk.log.handed_over(1), desk.log.handed_over(2))
    desk.drain()
    desk.receiver.answers = []
    desk.clock.pass_by(seconds=4)
    desk.drain()
    assert desk.kinds == []
    desk.pass_by(seconds=30, steps=30)
    assert {message.matter for message in desk.receiver.got} == {"issue:1", "issue:2"}


def test_messages_of_one_matter_keep_their_order(desk: Post) -> None:
    desk.receiver.answers = [DOWN]
    desk.take(desk.log.handed_over(1))
    desk.drain()
    desk.take(desk.log.merged(1))
    desk.pass_by(minutes=2, steps=60)
    assert desk.kinds == [["job.handed_over"], ["job.merged"]]


def test_a_message_that_is_refused_is_dead_and_the_next_one_goes(desk: Post) -> None:
    desk.receiver.answers = [Refused(reason="it answered 400", status=400)]
    desk.take(desk.log.handed_over(1), desk.log.handed_over(2))
    desk.drain()
    assert desk.states() == {"dead": 1, "sent": 1}
    assert desk.sending.outlook()[1] is None


def test_a_receiver_that_refuses_everything_is_stopped(desk: Post) -> None:
    desk.receiver.standing = Refused(reason="it answered 403", status=403)
    desk.take(*(desk.log.handed_over(number) for number in range(20)))
    desk.drain()
    assert desk.states() == {"dead": MOST_DEAD_IN_A_ROW, "pending": 20 - MOST_DEAD_IN_A_ROW}
    assert desk.sending.outlook()[1] == "stopped: it refused 5 messages in a row: it answered 403"


def test_a_receiver_that_is_gone_is_stopped_loses_nothing_and_can_be_resumed(desk: Post) -> None:
    desk.receiver.answers = [Gone(reason="it answered 410", status=410)]
    desk.take(desk.log.handed_over(1), desk.log.handed_over(2))
    desk.pass_by(hours=3, steps=30)
    assert (log(desk), desk.states()) == ([(1, "gone", 410)], {"pending": 2})
    assert desk.sender.trouble == "stopped: it answered 410"
    with desk.database.transaction() as connection:
        resume(connection, "webhook")
    desk.drain()
    assert desk.states() == {"sent": 2}
    assert desk.sender.trouble is None


def test_the_operators_own_pause_is_no_trouble(desk: Post) -> None:
    with desk.database.transaction() as connection:
        stop(connection, "webhook", "paused", by="operator")
    desk.take(desk.log.handed_over())
    assert desk.drain() == 0
    assert desk.sending.outlook()[1] is None


def test_a_short_outage_is_no_trouble_and_a_long_one_is(desk: Post) -> None:
    desk.receiver.standing = DOWN
    desk.take(desk.log.handed_over())
    desk.pass_by(minutes=4, steps=24)
    assert desk.sender.trouble is None
    desk.pass_by(minutes=2, steps=12)
    told: str | None = desk.sender.trouble
    assert told == "it cannot be reached"
    desk.receiver.standing = Delivered()
    desk.pass_by(hours=2, steps=60)
    assert desk.sender.trouble is None


def test_a_fault_of_our_own_is_waited_for_like_one_of_the_receivers(tmp_path: Path) -> None:
    class Broken(Taking):
        def deliver(self, message: object, matter: object, keep: object) -> Answer:
            raise RuntimeError("https://hooks.slack.com/services/T1/B2/verysecret is odd")

    with post(tmp_path) as desk:
        desk.receiver = Broken()
        desk.take(desk.log.handed_over())
        desk.drain()
        assert desk.states() == {"pending": 1}
        error = desk.database.query("SELECT error FROM messages")[0]["error"]
        assert error == "RuntimeError: https://[hidden] is odd"


def test_a_message_whose_sender_died_is_due_again_when_its_lease_ends(tmp_path: Path) -> None:
    clock = Clock()
    with post(tmp_path, clock=clock) as desk:
        desk.take(desk.log.handed_over())
        assert desk.sending.lease() is not None
        desk.pass_by(seconds=LEASE_SECONDS - 1)
        assert desk.kinds == []
        desk.pass_by(seconds=1)
        assert desk.states() == {"sent": 1}


def test_two_senders_do_not_take_the_same_message(tmp_path: Path) -> None:
    clock = Clock()
    with post(tmp_path, clock=clock) as first, post(tmp_path, clock=clock) as second:
        first.take(first.log.handed_over(1), first.log.handed_over(2))
        taken = [first.sending.lease(), second.sending.lease(), second.sending.lease()]
        assert [each[0].matter if each else None for each in taken] == ["issue:1", "issue:2", None]


def test_old_messages_are_forgotten_sent_ones_sooner_than_dead_ones(desk: Post) -> None:
    desk.receiver.answers = [Refused(reason="no")]
    desk.take(desk.log.merged(1), desk.log.merged(2))
    desk.pass_by(minutes=1)
    assert desk.states() == {"dead": 1, "sent": 1}
    desk.pass_by(days=15)
    assert desk.states() == {"dead": 1}
    assert len(log(desk)) == 1
    desk.pass_by(days=80)
    assert (desk.states(), log(desk)) == ({}, [])


@pytest.mark.parametrize("seed", range(20))
def test_whatever_a_receiver_answers_nothing_is_lost_and_nothing_acknowledged_comes_twice(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    answers: list[Answer] = [
        Delivered(status=200),
        DOWN,
        Retry(reason="it answered 429", status=429, after=chance.uniform(0, 300)),
        Retry(reason="it answered 302", status=302),
        Retry(reason="it answered 503", status=503),
    ]
    with post(tmp_path) as desk:
        for number in range(30):
            desk.receiver.answers = [chance.choice(answers) for _ in range(chance.randrange(4))]
            desk.take(desk.log.handed_over(number % 7))
            desk.pass_by(seconds=chance.uniform(0, 600))
        desk.receiver.answers = []
        desk.pass_by(hours=2, steps=200)
        told = [entry.seq for message in desk.receiver.got for entry in message.entries]
        events = [entry.seq for m in desk.receiver.got if m.purpose != "repeat" for entry in m.entries]
        assert sorted(events) == list(range(1, 31)), told
        for issue in range(7):
            own = [e.seq for m in desk.receiver.got if m.purpose != "repeat" for e in m.entries if e.issue == issue]
            assert own == sorted(own)


def test_what_waits_behind_another_message_of_its_matter_is_not_looked_for_before_that_one_is_due(desk: Post) -> None:
    desk.receiver.standing = DOWN
    desk.take(desk.log.handed_over(1))
    desk.pass_by(hours=2, steps=200)
    desk.take(desk.log.merged(1))
    first, behind = desk.database.query("SELECT not_before FROM messages ORDER BY number LIMIT 2")
    desk.clock.pass_by(minutes=6)
    moment = desk.clock().timestamp()
    assert behind["not_before"] <= moment < first["not_before"], "the one behind would be due"
    assert desk.sending.outlook()[0] == first["not_before"]
    assert desk.drain() == 0
