"""`run` and `once`: the loop in the foreground, its exit codes, its signals, and one whole way to a merge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from forge_loop.cli.event_lines import EventLines, readable
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.output import Output
from forge_loop.domain.events import Event, JobGivenUp, LoopHalted, LoopResumed
from forge_loop.domain.recorded import Recorded
from forge_loop.rehearsal.model import ScriptedModel
from forge_loop.runner.lock import LoopLock
from support.command_line import AT, Place
from support.repositories import head
from support.scripted import by_report, critic, worker

WAIT = 60


@pytest.fixture(autouse=True)
def set_up(place: Place) -> None:
    place.init()


@contextmanager
def loop(place: Place, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`forge-loop run` in a process of its own that has written its first event line."""
    command = [sys.executable, "-m", "forge_loop", "run", "-C", str(place.project), "--state-dir", str(place.state)]
    process = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "loop.started" in process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=WAIT)


def test_a_run_with_nothing_to_do_ends_when_idle(place: Place) -> None:
    said = place.run("run", "--until-idle")
    assert said.status == 0, said.stderr
    assert said.lines[0].split()[1] == "loop.started"
    assert said.lines[-1].split()[1] == "loop.stopped"
    assert "sessions are paid by the Claude subscription" in said.stderr
    assert str(place.state) in said.stderr


def test_with_json_a_run_prints_the_lines_of_events_jsonl(place: Place) -> None:
    said = place.run("run", "--until-idle", "--json")
    assert said.stdout == place.layout.events.read_text()


def test_once_with_nothing_ready_exits_3(place: Place) -> None:
    said = place.run("once")
    assert said.status == 3
    assert said.stderr.endswith("nothing was ready\n")


def test_a_second_loop_exits_5_and_names_the_first(place: Place) -> None:
    place.state.mkdir(mode=0o700, exist_ok=True)
    with LoopLock(place.layout.lock):
        said = place.run("run", "--max-ticks", "1")
    assert said.status == 5
    assert str(os.getpid()) in said.stderr
    assert said.stderr.endswith("hint: forge-loop status\n")


def test_without_a_credential_a_run_exits_4_before_anything_is_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAUDE_CODE_OAUTH_TOKEN")
    said = place.run("run", "--max-ticks", "1")
    assert said.status == 4
    assert not place.layout.database.exists()


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(place: Place) -> None:
    place.tracker.add("Not yet", "please")
    place.tracker.add("Say hello", "please")
    place.tracker.approve(2)
    rows = [line.split("\t") for line in place.run("run", "--dry-run").lines]
    assert [row[:3] for row in rows] == [["#1", "leave", "Not yet"], ["#2", "work", "Say hello"]]
    assert "loop:ready" in rows[0][3]
    shapes = place.run("run", "--dry-run", "--json").document["issues"]
    assert [shape["would_work"] for shape in shapes] == [False, True]
    assert not place.layout.database.exists()


def test_an_operators_requests_are_answered_while_the_loop_runs(place: Place) -> None:
    with loop(place) as process:
        assert place.run("pause", "--reason", "lunch").stdout.startswith("paused: ")
        assert place.run("status", "--json").document["loop"]["state"] == "paused"
        assert place.run("resume").stdout == "dispatch is open\n"
        refused = place.run("maintenance", "apply", "9")
        assert (refused.status, refused.stderr.splitlines()[-1]) == (1, "hint: forge-loop status")
        assert place.run("stop").status == 0
        assert process.wait(timeout=WAIT) == 0
    assert place.run("status").status == 3


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_the_loop_in_order(place: Place, number: signal.Signals, status: int) -> None:
    with loop(place) as process:
        process.send_signal(number)
        assert process.wait(timeout=WAIT) == status
    last = json.loads(place.run("events").lines[-1])
    assert (last["kind"], last["data"]["reason"]) == ("loop.stopped", number.name)


def test_an_edited_configuration_is_taken_up_and_a_bad_edit_is_told(place: Place) -> None:
    file = place.project / "forge-loop.yaml"
    with loop(place) as process:
        file.write_text("forge: local\nbase: main\nscheduling: {parallel: 7}\n")
        place.run("resume")  # a tick follows at once
        file.write_text("nonsense: 1\n")
        place.run("resume")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WAIT) == 0
    file.write_text("forge: local\nbase: main\n")
    kinds = [json.loads(line)["kind"] for line in place.run("events").lines]
    assert kinds.count("config.reloaded") == 1
    assert kinds.count("config.rejected") == 1


def test_a_halt_of_before_is_said_at_the_start_and_stands_until_the_operator_resumes(place: Place) -> None:
    with place.store() as store:
        store.update_loop(halt_reason="three deploys failed")
    assert place.run("status", "--json").document["loop"]["reason"] == "dispatch is halted: three deploys failed"
    said = place.run("run", "--until-idle")
    assert said.status == 1
    assert "halted   three deploys failed" in said.stderr
    assert "forge-loop resume" in said.stderr
    place.run("resume")
    assert place.run("run", "--until-idle").status == 0
    assert place.run("status", "--json").document["loop"]["reason"] is None


def recorded(event: Event) -> Recorded:
    return Recorded(
        seq=1, at=AT, kind=event.kind, repo="r", issue=4, job=1, attempt=None, session=None, data=event.data()
    )


def make_lines() -> EventLines:
    return EventLines(Invocation(output=Output(sys.stdout, sys.stderr, {}), environ={}))


def test_what_an_exit_code_depends_on_is_read_from_the_events() -> None:
    lines = make_lines()
    lines.emit(recorded(JobGivenUp(reason="no")))
    lines.emit(recorded(LoopHalted(reason="no credential")))
    assert (lines.given_up, lines.halted) == (True, "no credential")
    lines.emit(recorded(LoopResumed(reason="asked for")))
    assert lines.halted is None


def test_an_event_is_one_line_with_what_it_says() -> None:
    line = readable(recorded(JobGivenUp(reason="three\nlines\nhere")))
    assert line.split(" ", 1)[1] == "#4    job.given_up           reason=three lines here"


def test_the_whole_way_from_an_issue_to_a_merge(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real Claude Code, real SDK, real git; only the model is scripted."""
    (place.project / "forge-loop.yaml").write_text('forge: local\nbase: main\nchecks: ["test -f hello.txt || true"]\n')
    before = head(place.project)
    assert place.run("issue", "add", "Say hello", "--body", "In hello.txt." * 40, "--approve").status == 0
    script = by_report({"status": worker({"hello.txt": "hello\n"}), "overall": critic(), "spec": worker({})})
    with ScriptedModel(script) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.url)
        monkeypatch.setenv("FORGE_LOOP_PO_ENABLED", "false")
        said = place.run("once")
    assert said.status == 0, said.stdout + said.stderr
    assert place.run("explain", "1", "--json").document["state"] == "merged"
    assert head(place.layout.origin, "main") != before
    assert head(place.project) == before
    assert place.run("status", "--json").document["jobs"] == {"merged": 1}
    assert "+hello" in place.run("diff", "1").lines
    assert any("uses Bash" in line for line in place.run("logs", "1").lines)
    assert place.run("events").stdout == place.layout.events.read_text()
