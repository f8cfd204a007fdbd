"""What the operator and other people do, and what stands around the sessions, through the real Claude Code.

Each is played on a stage of its own, with the settings that bring it about.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from behaviours.night import at_first
from behaviours.played import check_one_story
from behaviours.stage import SETTINGS, Stage, body
from behaviours.workers import COUNTING, SAVE, does, shell
from forge_loop.config.model import Deploy, Hooks, Retry, Scheduling, Settings, Watchdog
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.rehearsal.model import Answer, Reply, Request, report
from support.runner_world import git
from support.scripted import APPROVAL, critic

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ONE = replace(SETTINGS.scheduling, parallel=1)
TWO = replace(SETTINGS.scheduling, parallel=2)
Opening = Callable[[Settings], Stage]


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    opened: list[Stage] = []

    def make(settings: Settings) -> Stage:
        opened.append(Stage(tmp_path, settings=settings))
        return opened[0]

    yield make
    for stage in opened:
        stage.close()
        assert stage.model.failures == []
        assert stage.faults == []


def meanwhile(act: Callable[[], object], then: Reply) -> Answer:
    """At the first request something is done by others; every request gets the reply."""
    left = [act]

    def answer(_request: Request) -> Reply:
        if left:
            left.pop()()
        return then

    return answer


def never() -> Reply:
    return Reply(text="never", until=threading.Event())


def well(stage: Stage, title: str, *, text: str | None = None) -> int:
    return stage.issue(title, {"worker": does(SAVE), "critic": critic()}, text=text)


# The operator


def test_a_session_that_the_operator_kills_is_charged_and_its_issue_tried_again(opening: Opening) -> None:
    stage = opening(replace(SETTINGS, retry=Retry(attempts=2, cooldown=0.0)))
    said: list[str] = []
    killed = meanwhile(lambda: said.append(stage.types("kill", "1")), never())
    number = stage.issue("say hello", {"worker": at_first(killed, does(SAVE)), "critic": critic()})
    stage.play()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.charged) == (JobState.MERGED, 1)
    assert [(row.failure_kind, row.note) for row in found.attempts][:1] == [
        (FailureKind.KILLED, "killed by the operator")
    ]
    assert "its session is being ended" in said[0]


def test_an_issue_that_the_operator_skips_ends_at_once_and_nothing_is_opened(opening: Opening) -> None:
    stage = opening(SETTINGS)
    skipped = meanwhile(lambda: stage.types("skip", "1"), never())
    number = stage.issue("say hello", {"worker": skipped, "critic": critic()})
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.job.pull_request, found.charged) == (JobState.CANCELLED, None, 0)


# Other people


@pytest.mark.parametrize("role", ["worker", "critic"])
@pytest.mark.parametrize("act", ["closes", "unlabels"])
def test_a_person_who_withdraws_an_issue_is_obeyed_at_once_and_nothing_is_merged(
    role: str, act: str, opening: Opening
) -> None:
    stage = opening(SETTINGS)

    def withdraw() -> None:
        if act == "closes":
            stage.tracker.set_status(1, "Done")
        else:
            stage.tracker.remove_label(1, "loop:ready")

    answers: dict[str, Answer] = {"worker": does(SAVE), "critic": critic()}
    then = report(APPROVAL) if role == "critic" else never()
    number = stage.issue("say hello", {**answers, role: meanwhile(withdraw, then)})
    stage.life()
    found = stage.played(number)
    assert (found.job.state, found.charged) == (JobState.YIELDED, 0)
    assert (found.job.pull_request is None) is (role == "worker")
    assert stage.main_log() == ["first"]
    assert all(session.ended_at is not None for session in found.sessions)
    assert [event.kind for event in found.events if event.kind == "job.yielded"] == ["job.yielded"]
    assert list(stage.layout.workspaces.glob("*")) == []


# What stands around the sessions


def test_a_red_base_starts_no_session_and_costs_no_attempt(opening: Opening) -> None:
    stage = opening(SETTINGS)
    (stage.project / "broken").write_text("")
    git(stage.project, "add", "broken")
    git(stage.project, "commit", "-q", "-m", "break base")
    (stage.project / "forge-loop.yaml").write_text(f"forge: local\nchecks: [{json.dumps(SETTINGS.checks[0])}]\n")
    number = well(stage, "say hello")
    stage.life()
    assert stage.model.requests == []
    assert "the checks fail on the untouched base" in stage.types("explain", str(number))
    assert "it is broken" in next(event.data["reason"] for event in stage.events() if event.kind == "loop.halted")
    git(stage.project, "rm", "-q", "broken")
    git(stage.project, "commit", "-q", "-m", "mend base")
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.charged, len(found.attempts)) == (JobState.MERGED, 0, 1)
    assert "loop.resumed" in [event.kind for event in stage.events()]


def test_hooks_run_around_every_session_and_a_failing_one_halts_and_charges_nothing(
    opening: Opening, tmp_path: Path
) -> None:
    log, missing = tmp_path / "log", tmp_path / "no-licence"
    missing.touch()
    hooks = Hooks(
        after_create=f"echo made >> {log}",
        before_run=f"test ! -e {missing} || {{ echo there is no licence; exit 7; }}; echo before >> {log}",
        after_run=f"echo after >> {log}",
    )
    stage = opening(replace(SETTINGS, hooks=hooks))
    number = stage.issue("say hello", {"worker": does("echo x > new.txt"), "critic": critic()})
    stage.answers[number, "worker"] = lambda request: (
        does(SAVE)(request) if "not committed" in request.latest else does("echo x > new.txt")(request)
    )
    stage.life()
    halted = stage.reads(lambda store: store.loop().halt_reason)
    assert halted.startswith("OperatorError: hooks.before_run")
    assert "there is no licence" in halted
    assert stage.model.requests == []
    stage.faults.clear()
    missing.unlink()
    stage.asks("resume")
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.charged, len(found.of("worker"))) == (JobState.MERGED, 0, 2)
    assert log.read_text().split() == ["made", *["before", "after"] * 2]


def test_each_merge_is_deployed_once_and_three_failures_halt_until_the_operator_resumes(
    opening: Opening, tmp_path: Path
) -> None:
    log, down = tmp_path / "log", tmp_path / "down"
    down.touch()
    command = f'echo "$FORGE_LOOP_ISSUE $FORGE_LOOP_COMMIT $(git rev-parse HEAD)" >> {log}; test ! -e {down}'
    stage = opening(replace(SETTINGS, deploy=Deploy(command=command), scheduling=ONE))
    numbers = [well(stage, f"issue {index}") for index in range(1, 6)]
    stage.life()
    assert "3 deploys in a row failed" in stage.reads(lambda store: store.loop().halt_reason)
    states = [stage.played(number).job.state for number in numbers]
    done = states.count(JobState.MERGED)  # one may have begun while the third was being deployed
    assert states == [JobState.MERGED] * done + [JobState.QUEUED] * (5 - done)
    assert done in (3, 4)
    down.unlink()
    stage.asks("resume")
    stage.life()
    found = [stage.played(number) for number in numbers]
    for played in found:
        check_one_story(played)
    merges = [(str(played.issue.number), played.job.merged_sha, played.job.merged_sha) for played in found]
    assert [tuple(line.split()) for line in log.read_text().splitlines()] == merges
    ends = [event.data["status"] for event in stage.events() if event.kind == "deploy.finished"]
    assert ends == ["failed"] * done + ["succeeded"] * (5 - done)


# The watchdog's other rules


def test_a_lively_session_whose_files_stand_still_is_ended(opening: Opening) -> None:
    stage = opening(replace(SETTINGS, watchdog=replace(SETTINGS.watchdog, no_progress=15.0)))

    def talks(request: Request) -> Reply:
        return replace(shell(f"echo {request.step}"), wait=3.0)

    number = stage.issue("say hello", {"worker": talks, "critic": critic()})
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.attempts[0].failure_kind) == (JobState.GIVEN_UP, FailureKind.STALLED)
    assert "no file has changed" in (found.job.reason or "")


def test_a_tool_call_that_is_under_way_may_be_silent_for_longer(opening: Opening) -> None:
    stage = opening(replace(SETTINGS, watchdog=Watchdog(warn=10.0, stop=25.0, tool=120.0)))
    number = stage.issue("say hello", {"worker": does(COUNTING.replace("6000", "350"), SAVE), "critic": critic()})
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.charged) == (JobState.MERGED, 0)
    assert "session.stalled" in found.kinds
    assert "watchdog.ended_session" not in found.kinds


# Which job goes next


def test_jobs_that_point_at_one_file_are_not_begun_side_by_side_while_another_waits(opening: Opening) -> None:
    stage = opening(replace(SETTINGS, scheduling=TWO))
    third = threading.Event()

    def waits(request: Request) -> Reply:
        return replace(does(SAVE)(request), until=third)

    def told(request: Request) -> Reply:
        third.set()
        return does(SAVE)(request)

    numbers = [
        stage.issue("first", {"worker": waits, "critic": critic()}, text=body(1)),
        stage.issue("second", {"worker": does(SAVE), "critic": critic()}, text=body(1)),
        stage.issue("third", {"worker": told, "critic": critic()}, text=body(3)),
    ]
    stage.life()
    assert [stage.played(number).job.state for number in numbers] == [JobState.MERGED] * 3
    begun = [event.issue for event in stage.events() if event.kind == "attempt.started"]
    assert begun == [1, 3, 2]


def test_a_limit_that_is_nearly_used_leaves_one_job_at_a_time(opening: Opening) -> None:
    stage = opening(replace(SETTINGS, scheduling=Scheduling(parallel=2, tick_seconds=0.5, max_jobs_per_hour=1000)))
    resets = str(int((datetime.now(UTC) + timedelta(hours=2)).timestamp()))
    used = {
        "status": "allowed_warning",
        "representative-claim": "five_hour",
        "reset": resets,
        "5h-utilization": "0.97",
        "5h-reset": resets,
        "5h-surpassed-threshold": "0.9",
    }
    headers = {f"anthropic-ratelimit-unified-{name}": value for name, value in used.items()}

    def warned(request: Request) -> Reply:
        return replace(does(SAVE)(request), headers=headers)

    for index in range(1, 5):
        stage.issue(f"issue {index}", {"worker": warned, "critic": critic()})
    stage.life()
    told = stage.events()
    paced = [event for event in told if event.kind == "loop.paced"]
    assert [(event.data["slots"], event.data["limit"]) for event in paced] == [(1, "five_hour")]
    at_work: set[int | None] = set()
    for event in told:
        if event.kind == "job.claimed":
            assert event.seq < paced[0].seq or not at_work, f"#{event.issue} was begun beside {at_work}"
            at_work.add(event.issue)
        elif event.kind == "job.merged":
            at_work.discard(event.issue)
    assert stage.main_log()[-1] == "first"
    assert len(stage.main_log()) == 5
