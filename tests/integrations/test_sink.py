"""The sink with its thread: what the runner's thread is spared, and what survives the end of a process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_loop.config.model import Settings, Sink
from forge_loop_integrations.outbox.box import open_database
from forge_loop_integrations.outbox.desk import Desk
from forge_loop_integrations.sink import OutboxSink, now
from forge_loop_integrations.sinks import sinks_of
from support.messages import Log
from support.receivers import Receiver, Reply, Request, in_turn, receiving
from support.tree import ROOT

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
SECTION: dict[str, Any] = {"url": "env:HOOK", "secret": "env:SECRET", "allow_private": True}
TAKEN = Reply(status=204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(in_turn(TAKEN)) as receiver:
        yield receiver


def made(state: Path, receiver: Receiver) -> OutboxSink:
    settings = Settings(sinks=(Sink(name="webhook", settings=SECTION),))
    return sinks_of(settings, state, {"HOOK": receiver.url, "SECRET": SECRET})["webhook"]


def ids(receiver: Receiver) -> list[str]:
    return [request.headers["webhook-id"] for request in receiver.requests]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_happens_is_sent_by_another_thread_soon(tmp_path: Path, receiver: Receiver) -> None:
    sink, log = made(tmp_path, receiver), Log(now)
    sink.begin(0)
    sink.emit(log.handed_over())
    assert receiver.wait_for(1)[0].json["type"] == "job.handed_over"
    sink.close()


def test_the_last_events_of_a_loop_are_sent_before_it_ends_groups_too(tmp_path: Path, receiver: Receiver) -> None:
    sink, log = made(tmp_path, receiver), Log(now)
    sink.begin(0)
    sink.emit(log.merged(1))
    sink.emit(log.merged(2))
    sink.close()
    assert [request.json["data"]["issue"] for request in receiver.requests] == [1, 2]


def test_a_receiver_that_says_nothing_does_not_hold_up_the_end_and_gets_it_at_the_next_start(
    tmp_path: Path, receiver: Receiver
) -> None:
    log = Log(now)
    with receiving(in_turn(Reply(fault="hang"))) as silent:
        sink = made(tmp_path, silent)
        sink.close_seconds = 0.2
        sink.begin(0)
        began = time.monotonic()
        for number in range(20):
            sink.emit(log.handed_over(number))
        silent.wait_for(1)
        sink.close()
        assert time.monotonic() - began < 5
    expire_leases(tmp_path)
    again = made(tmp_path, receiver)
    assert again.begin(log.seq) == 20
    assert {request.json["data"]["issue"] for request in receiver.wait_for(20)} == set(range(20))
    again.close()


def test_a_sink_that_its_receiver_stopped_goes_on_when_another_process_resumes_it(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = in_turn(Reply(status=410), TAKEN)
    sink, log = made(tmp_path, receiver), Log(now)
    sink.begin(0)
    sink.emit(log.handed_over())
    wait_until(lambda: sink.trouble() is not None)
    assert sink.trouble() == "stopped: it answered 410: it wants nothing any more"
    database = open_database(tmp_path)
    Desk(database).resume("webhook")
    database.close()
    sink.trouble()  # as the loop's next tick asks
    assert len(receiver.wait_for(2)) == 2
    assert len(set(ids(receiver))) == 1
    wait_until(lambda: sink.trouble() is None)
    sink.close()


def test_the_file_is_the_operators_alone(tmp_path: Path, receiver: Receiver) -> None:
    sink = made(tmp_path, receiver)
    sink.begin(0)
    sink.close()
    assert (tmp_path / "notifications.db").stat().st_mode & 0o777 == 0o600


def expire_leases(state: Path) -> None:
    """What a minute does."""
    database = open_database(state)
    with database.transaction() as connection:
        connection.execute("UPDATE messages SET lease_until = 0, not_before = 0")
        connection.execute("UPDATE sinks SET not_before = 0, failures = 0")
    database.close()


class Lives:
    """Processes that each tell a sink of some events, and then wait to be killed."""

    def __init__(self, state: Path, receiver: Receiver) -> None:
        self._state = state
        self._receiver = receiver
        self._processes: list[subprocess.Popen[bytes]] = []

    def lead(self, *, first: int, last: int) -> None:
        code = (
            "import sys; sys.path[:0] = [sys.argv[1]]; from support.sink_life import live; "
            "live(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))"
        )
        words = [str(ROOT / "tests"), str(self._state), self._receiver.url, SECRET, str(first), str(last)]
        self._processes.append(subprocess.Popen([sys.executable, "-c", code, *words]))

    def end(self) -> None:
        """End the newest one at once."""
        self._processes[-1].kill()
        self._processes[-1].wait(10)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait(10)


@pytest.fixture
def lives(tmp_path: Path, receiver: Receiver) -> Iterator[Lives]:
    lives = Lives(tmp_path, receiver)
    yield lives
    lives.close()


def test_killed_between_the_answer_and_the_note_of_it_a_message_comes_again_under_its_id(
    tmp_path: Path, receiver: Receiver, lives: Lives
) -> None:
    def kill_then_answer(_: Request) -> Reply:
        lives.end()
        return TAKEN

    receiver.answer = kill_then_answer
    lives.lead(first=1, last=1)
    receiver.wait_for(1)
    receiver.answer = in_turn(TAKEN)
    expire_leases(tmp_path)
    lives.lead(first=2, last=1)
    receiver.wait_for(2)
    first, second = ids(receiver)
    assert first == second


def test_killed_again_and_again_nothing_is_lost_and_little_is_repeated(
    tmp_path: Path, receiver: Receiver, lives: Lives
) -> None:
    told = 0
    for life in range(6):
        lives.lead(first=told + 1, last=told + 5)
        receiver.wait_for(len(receiver.requests) + 1 + life % 3)
        lives.end()
        told = place(tmp_path)
        expire_leases(tmp_path)
    lives.lead(first=told + 1, last=told)
    wait_until(lambda: set(range(1, told + 1)) <= heard(receiver))
    wait_until(lambda: waiting(tmp_path) == 0)
    assert heard(receiver) == set(range(1, told + 1))
    repeated = len(ids(receiver)) - len(set(ids(receiver)))
    assert repeated <= 6, "one for each death at most"


def heard(receiver: Receiver) -> set[int]:
    return {request.json["data"]["seq"] for request in receiver.requests}


def place(state: Path) -> int:
    database = open_database(state)
    found = Desk(database).sinks()[0][0].seq
    database.close()
    return found


def waiting(state: Path) -> int:
    database = open_database(state)
    found = Desk(database).sinks()[0][1]
    database.close()
    return found
