"""`status` and `explain`: the contract's shapes, the lines for people, the exit codes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forge_loop import status
from forge_loop.agents.processes import find
from forge_loop.cli.ages import ago, span
from forge_loop.cli.status import short_line
from forge_loop.domain.job import JobState
from support.command_line import AT, Place, seed_attempt, seed_job


def let_a_loop_run(place: Place, **changes: object) -> None:
    """The loop's row as this process would write it if it were a loop."""
    own = find(os.getpid())
    assert own is not None
    with place.store() as store:
        store.update_loop(pid=own.pid, start_ticks=own.started, since=AT, slots=3, last_tick=AT, **changes)


def test_where_no_loop_ever_ran_status_says_stopped_and_exits_3(place: Place) -> None:
    said = place.run("status", "--json")
    assert said.status == 3
    assert said.document == {
        "schema_version": 1,
        "loop": {
            "state": "stopped",
            "pid": None,
            "since": None,
            "parked_until": None,
            "reason": None,
            "last_tick": None,
        },
        "slots": {"used": 0, "total": 0},
        "sessions": [],
        "queue": {"ready": 0, "delayed": 0, "leased": 0, "dead": 0},
        "jobs": {},
    }
    assert not place.state.exists()


def test_a_running_loop_exits_0_with_its_jobs_and_slots(place: Place) -> None:
    place.init()
    seed_job(place)
    let_a_loop_run(place)
    said = place.run("status", "--json")
    assert said.status == 0
    shape = said.document
    assert (shape["loop"]["state"], shape["loop"]["pid"]) == ("running", os.getpid())
    assert shape["loop"]["since"] == "2026-01-31T12:00:00.000Z"
    assert shape["slots"] == {"used": 1, "total": 3}
    assert shape["jobs"] == {"working": 1}


def test_a_paused_loop_says_why(place: Place) -> None:
    let_a_loop_run(place, paused=True, pause_reason="lunch")
    lines = place.run("status").lines
    assert lines[0].startswith("loop     paused, pid ")
    assert lines[1] == "because  the loop is paused: lunch"


def test_short_is_one_line(place: Place) -> None:
    place.init()
    seed_job(place, state=JobState.HANDED_OVER)
    let_a_loop_run(place)
    assert place.run("status", "--short").stdout == "running, 0/3 slots, 0 waiting, 0 merged, 1 need you\n"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"paused": True, "pause_reason": "lunch"},
        {"paused": True, "paused_until": AT},
        {"paused": True, "paused_until": datetime.max.replace(tzinfo=UTC)},
        {"parked_until": datetime.max.replace(tzinfo=UTC), "park_reason": "a limit"},
        {"parked_until": AT},
        {"halt_reason": "three alike", "paused": True},
        {"base_sha": "b" * 40},
    ],
)
def test_short_says_what_the_whole_view_says(place: Place, changes: dict[str, object]) -> None:
    place.init()
    for number, state in enumerate((JobState.WORKING, JobState.REVIEWING, JobState.MERGED, JobState.GIVEN_UP), 1):
        seed_job(place, number, state=state)
    with place.store() as store:
        for passed in (False, True, False):
            values: dict[str, Any] = {"status": 1, "output": "", "seconds": 0.5, "at": AT}
            store.base_checks.insert(base_sha="b" * 40, command="pytest -q", passed=passed, **values)
    stopped = status.read(place.state, now=AT)
    assert status.glance(place.state, now=AT).line() == short_line(stopped)
    let_a_loop_run(place, **changes)
    whole = status.read(place.state, now=AT)
    assert whole.slots == (2, 3)
    assert status.glance(place.state, now=AT).line() == short_line(whole)


def test_a_request_alone_leaves_a_state_that_can_be_read(place: Place) -> None:
    place.run("pause")
    assert place.run("status").status == 3


@pytest.mark.parametrize(("seconds", "said"), [(0, "0s"), (59, "59s"), (60, "1m"), (3725, "1h2m"), (90000, "1d1h")])
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert span(seconds) == said
    assert ago(AT, AT + timedelta(seconds=seconds)) == f"{said} ago"


def test_explain_of_an_issue_that_is_not_approved_says_what_to_type(place: Place) -> None:
    place.init()
    place.tracker.add("Say hello", "please")
    said = place.run("explain", "1", "--json")
    assert said.status == 0
    shape = said.document
    assert shape["schema_version"] == 1
    assert (shape["issue"], shape["title"], shape["state"], shape["running"]) == (1, "Say hello", None, False)
    assert {reason["code"] for reason in shape["reasons"]} >= {"not_approved", "loop_not_running"}
    assert shape["next"] == "forge-loop issue approve 1"


def test_explain_lists_every_reason_that_holds(place: Place) -> None:
    place.init()
    place.tracker.add("Say hello", "please\u200b")
    place.tracker.add_label(1, "loop:blocked")
    codes = [reason["code"] for reason in place.run("explain", "1", "--json").document["reasons"]]
    assert {"not_approved", "blocked_label", "hidden_text", "loop_not_running"} <= set(codes)


def test_explain_for_people_ends_with_what_happens_next(place: Place) -> None:
    place.init()
    job = seed_job(place, state=JobState.COOLING, reason="checks were red", not_before=AT)
    seed_attempt(place, job)
    lines = place.run("explain", "1").lines
    assert lines[0] == "#1 Say hello"
    assert lines[1] == "cooling, not running"
    assert lines[-1].startswith("next: ")


def test_explain_of_a_job_whose_issue_is_gone_still_answers(place: Place) -> None:
    place.init()
    seed_job(place, state=JobState.COOLING, reason="checks were red")
    for path in (place.project / "backlog" / "tasks").iterdir():
        path.unlink()
    said = place.run("explain", "1", "--json")
    assert said.status == 0
    assert said.document["state"] == "cooling"
    assert "has no issue #1 any more" in said.stderr


def test_explain_of_an_issue_that_nobody_knows_is_an_error(place: Place) -> None:
    place.init()
    assert place.run("explain", "9").status == 2


def test_a_title_cannot_write_to_the_terminal(place: Place) -> None:
    place.init()
    place.tracker.add("red and \u202e reversed", "x")
    for words in (("explain", "1"), ("issue", "list"), ("issue", "show", "1"), ("explain", "1", "--json")):
        said = place.run(*words, terminal=True)
        assert "\u202e" not in said.stdout
        assert "202e" in said.stdout.lower()
