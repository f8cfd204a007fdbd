"""What an operator asks of the loop: a row, and the loop's answer while one runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from forge_loop.agents.processes import find
from forge_loop.domain.job import JobState
from forge_loop.store import RequestState
from support.command_line import Place, seed_job


def own_start() -> int:
    process = find(os.getpid())
    assert process is not None
    return process.started


@contextmanager
def answering(place: Place, state: RequestState, answer: str) -> Iterator[None]:
    """A loop that is alive and answers the first request it sees."""
    over = threading.Event()

    def answer_one() -> None:
        with place.store() as store:
            while not over.wait(0.02):
                for row in store.requests.select("state = 'requested'"):
                    store.requests.update(row.id, state=state, answer=answer, answered_at=datetime.now(UTC))

    with place.store() as store:
        store.update_loop(pid=os.getpid(), start_ticks=own_start())
    thread = threading.Thread(target=answer_one)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (("resume",), ("resume", None, {})),
        (("kill", "7"), ("kill", 7, {})),
        (("skip", "#7"), ("skip", 7, {})),
        (("pause", "--reason", "lunch"), ("pause", None, {"reason": "lunch", "until": None})),
    ],
)
def test_without_a_loop_the_request_waits_for_the_next_start(
    place: Place, words: tuple[str, ...], row: tuple[str, int | None, dict[str, object]]
) -> None:
    place.init()
    seed_job(place, 7)
    said = place.run(*words)
    assert (said.status, said.stdout) == (0, "no loop is running: it will apply at the next start\n")
    assert place.requests() == [row]


@pytest.mark.parametrize("command", ["kill", "skip"])
@pytest.mark.parametrize("state", [None, JobState.MERGED, JobState.GIVEN_UP])
def test_nothing_is_asked_of_a_job_that_is_not_there_or_has_ended(
    place: Place, command: str, state: JobState | None
) -> None:
    if state is not None:
        place.init()
        seed_job(place, 7, state=state)
    said = place.run(command, "7")
    why = f"#7 is {state} already" if state is not None else "#7 has no job yet"
    assert (said.status, said.stderr.splitlines()) == (2, [f"error: {why}", "hint: forge-loop explain 7"])
    assert place.requests() == []


def test_a_pause_for_a_time_says_until_when(place: Place) -> None:
    place.run("pause", "--for", "2h")
    ((_, _, detail),) = place.requests()
    left = datetime.fromisoformat(str(detail["until"])) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)


@pytest.mark.parametrize("time", ["soon", "0s", "-1h"])
def test_what_is_no_time_is_a_usage_error(place: Place, time: str) -> None:
    assert place.run("pause", f"--for={time}").status == 2
    assert place.requests() == []


def test_a_stop_is_not_kept_for_a_loop_that_does_not_run(place: Place) -> None:
    said = place.run("stop")
    assert (said.status, said.stdout) == (0, "no loop is running: there is nothing to stop\n")
    assert not place.layout.database.exists()


def test_the_loops_answer_is_printed(place: Place) -> None:
    with answering(place, RequestState.APPLIED, "the loop stops"):
        said = place.run("stop", "--now")
    assert (said.status, said.stdout) == (0, "the loop stops\n")
    assert place.requests() == [("stop", None, {"now": True})]


def test_a_refusal_is_an_error(place: Place) -> None:
    place.init()
    seed_job(place, 7)
    with answering(place, RequestState.REFUSED, "#7 is queued: nothing of it is running"):
        said = place.run("kill", "7")
    assert (said.status, said.stdout) == (1, "")
    assert said.stderr == "error: #7 is queued: nothing of it is running\nhint: forge-loop explain 7\n"


def test_the_acknowledgement_as_json(place: Place) -> None:
    with answering(place, RequestState.APPLIED, "dispatch is open"):
        shape = place.run("resume", "--json").document
    del shape["requested_at"]
    assert shape == {
        "schema_version": 1,
        "request": 1,
        "kind": "resume",
        "issue": None,
        "state": "applied",
        "answer": "dispatch is open",
        "loop_running": True,
    }


def test_a_loop_that_does_not_answer_in_time_is_said_and_the_wait_is_bounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forge_loop.cli.asking.PATIENCE", 0.2)
    with place.store() as store:
        store.update_loop(pid=os.getpid(), start_ticks=own_start())
    said = place.run("pause")
    assert said.status == 0
    assert "has not answered within 0.2 s" in said.stdout
