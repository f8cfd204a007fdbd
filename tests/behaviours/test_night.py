"""A whole night: limits, an outage, crashes, a stuck worker, a breaker; and in the morning one story everywhere.

And a small one for every day: a limit, a crash, a stuck worker.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from behaviours.night import Night, cast, small_cast
from behaviours.played import check_one_story
from forge_loop.agents.environment import LOOP_MARKER
from forge_loop.agents.processes import marked
from forge_loop.domain.job import FailureKind

pytestmark = [pytest.mark.timeout(3600), pytest.mark.xdist_group("night")]
ISSUES = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What goes wrong in a night. `limits` are those the account runs into."""

    make: Callable[[Path], Night]
    play: Callable[[Night], None]
    kills: int
    limits: int
    outages: int
    breaks: bool
    charged: frozenset[FailureKind]


@dataclass(frozen=True, kw_only=True, slots=True)
class Morning:
    """What the operator's commands say when it is over. `explained` and `attempts` are by issue."""

    night: Night
    shape: Shape
    status: dict[str, Any]
    explained: dict[int, dict[str, Any]]
    attempts: dict[int, list[dict[str, Any]]]
    events: list[dict[str, Any]]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


def play_small(night: Night) -> None:
    """The limit meets whoever comes first, and the crash whoever is left."""
    night.service.limit_next = True
    night.start()
    night.until(lambda: night.merged() >= 1, "the first merge")
    night.kill()
    night.start()
    night.until(night.over, "the end of every job")
    night.stop()


def play(night: Night) -> None:
    """Each thing goes wrong once what went wrong before is over."""
    night.start()
    night.until(lambda: night.merged() >= 5, "the fifth merge")
    night.service.limit_next = True
    night.until(lambda: night.loop().parked_until is not None, "the first limit")
    night.until(lambda: night.merged() >= 10, "the tenth merge")
    night.kill()
    night.start()
    night.until(lambda: night.loop().halt_reason is not None, "the breaker")
    night.says("resume")
    night.until(lambda: night.merged() >= ISSUES // 2 + 3, "half of the merges")
    night.service.overload_next = True
    night.until(lambda: night.loop().parked_until is not None, "the outage")
    night.until(lambda: night.loop().parked_until is None, "the outage's end")
    night.service.limit_next = True
    night.until(lambda: night.loop().parked_until is not None, "the second limit")
    night.kill()
    night.start()
    night.until(night.over, "the end of every job")
    night.stop()


SMALL = Shape(
    make=lambda root: Night(root, small_cast(), slots=2, stop=30),
    play=play_small,
    kills=1,
    limits=1,
    outages=0,
    breaks=False,
    charged=frozenset({FailureKind.STALLED}),
)
WHOLE = Shape(
    make=lambda root: Night(root, cast(ISSUES)),
    play=play,
    kills=2,
    limits=2,
    outages=1,
    breaks=True,
    charged=frozenset({FailureKind.STALLED, FailureKind.NO_COMMIT}),
)


@pytest.fixture(
    scope="module", params=[pytest.param(SMALL, id="small"), pytest.param(WHOLE, id="whole", marks=pytest.mark.long)]
)
def morning(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    shape: Shape = request.param
    night = shape.make(tmp_path_factory.mktemp("night"))
    try:
        shape.play(night)
        yield look(night, shape)
    finally:
        night.close()


def look(night: Night, shape: Shape) -> Morning:
    attempts: dict[int, list[dict[str, Any]]] = {number: [] for number in night.parts}
    for attempt in night.reads("attempts")["attempts"]:
        attempts[attempt["issue"]].append(attempt)
    return Morning(
        night=night,
        shape=shape,
        status=night.reads("status"),
        explained={number: night.reads("explain", str(number)) for number in night.parts},
        attempts=attempts,
        events=[json.loads(line) for line in night.says("events").splitlines()],
    )


def why_it_ended(explained: dict[str, Any]) -> str:
    """Beside what stands now (the label is gone), explain tells how the last job ended."""
    codes = (explained["state"], f"was_{explained['state']}")
    return str(next(reason["text"] for reason in explained["reasons"] if reason["code"] in codes))


def test_every_issue_ends_as_its_part_says(morning: Morning) -> None:
    found = {number: explained["state"] for number, explained in morning.explained.items()}
    assert found == {number: str(part.state) for number, part in morning.night.parts.items()}
    reasons = {number: why_it_ended(explained) for number, explained in morning.explained.items()}
    assert [n for n, part in morning.night.parts.items() if part.says not in reasons[n]] == []


def test_what_happened_happened(morning: Morning) -> None:
    shape = morning.shape
    assert len(morning.told("loop.started")) == 1 + morning.night.kills == 1 + shape.kills
    assert len(morning.told("loop.stopped")) == 1
    assert len(morning.told("session.limit_hit")) >= shape.limits
    assert any("failed alike" in event["data"]["reason"] for event in morning.told("loop.halted")) is shape.breaks
    assert len(morning.told("watchdog.ended_session")) == 1
    reasons = [event["data"]["reason"] for event in morning.told("loop.parked")]
    assert any("server_error" in reason for reason in reasons) is bool(shape.outages)
    assert sum("limit" in reason for reason in reasons) >= shape.limits


def test_only_what_a_worker_did_is_charged(morning: Morning) -> None:
    charged = {number: sum(row["charged"] for row in rows) for number, rows in morning.attempts.items()}
    assert charged == {number: part.charged for number, part in morning.night.parts.items()}
    made = {number: len(rows) for number, rows in morning.attempts.items()}
    assert made == {number: part.attempts for number, part in morning.night.parts.items()}
    kinds = {row["failure_kind"] for rows in morning.attempts.values() for row in rows if row["charged"]}
    assert kinds == morning.shape.charged


def test_rows_events_labels_notes_and_commits_of_each_issue_agree(morning: Morning) -> None:
    for number in morning.night.parts:
        check_one_story(morning.night.stage.played(number))


def test_status_explain_attempts_and_events_tell_one_story(morning: Morning) -> None:
    states = {number: explained["state"] for number, explained in morning.explained.items()}
    assert morning.status["loop"]["state"] == "stopped"
    assert morning.status["jobs"] == Counter(states.values())
    assert morning.status["sessions"] == []
    assert morning.status["queue"] == {"ready": 0, "delayed": 0, "leased": 0, "dead": 0}
    ends = {event["issue"]: event for event in morning.events if event["kind"] in {f"job.{s}" for s in states.values()}}
    assert {number: event["kind"] for number, event in ends.items()} == {n: f"job.{s}" for n, s in states.items()}
    for number, rows in morning.attempts.items():
        told = [event["data"] for event in morning.told("attempt.finished") if event["issue"] == number]
        assert [(row["outcome"], row["charged"], row["failure_kind"]) for row in rows] == [
            (data["outcome"], data["charged"], data["failure_kind"]) for data in told
        ]
        reason = why_it_ended(morning.explained[number])
        assert ends[number]["data"].get("reason", reason) == reason
        assert rows[-1]["note"] in reason
        assert rows[-1]["outcome"] == ("failed" if rows[-1]["charged"] else states[number])


def test_the_events_are_gapless_and_the_file_is_the_database(morning: Morning) -> None:
    assert [event["seq"] for event in morning.events] == list(range(1, len(morning.events) + 1))
    lines = morning.night.stage.layout.events.read_text().splitlines()
    assert [json.loads(line) for line in lines] == morning.events


def test_each_merge_is_one_commit_and_nothing_else_is_on_base(morning: Morning) -> None:
    merged = [f"issue {n} (#{n})" for n, found in morning.explained.items() if found["state"] == "merged"]
    assert sorted(morning.night.stage.main_log()) == sorted(["first", *merged])


def test_no_process_and_no_workspace_is_left(morning: Morning) -> None:
    stage = morning.night.stage
    assert marked(f"{LOOP_MARKER}={morning.night.loop().loop_id}") == []
    assert list(stage.layout.workspaces.glob("*")) == []


def test_the_model_was_asked_nothing_that_nobody_had_scripted(morning: Morning) -> None:
    assert morning.night.stage.model.failures == []
