"""What looks like a secret reaches no sink: each shape through everything that a session can say or do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Activity, Role, SessionNews, SessionOrder
from forge_loop.ports import EventSink
from support.planted_secrets import ALL, SECRETS
from support.runner_world import World, approve, approves, commits, done, git, open_world, script


class Heard(EventSink):
    """An event sink."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def emit(self, event: Recorded) -> None:
        self.lines.append(event.line())


def reached(world: World, heard: Heard, number: int) -> Mapping[str, str]:
    """What every sink outside holds: the event file, sinks, the issue's file, and all that was pushed."""
    issue = [path.read_text() for path in (world.project / "backlog").rglob("*.md")]
    pushed = git(world.layout.origin, "log", "--all", "-p", "--format=%B")
    with_pull_requests = world.database.query("SELECT * FROM pulls")
    return {
        "events.jsonl": world.layout.events.read_text(),
        "sinks": "\n".join(heard.lines),
        "issue": "\n".join(issue),
        "pushed": pushed,
        "pull requests": str([tuple(row) for row in with_pull_requests]),
    }


@pytest.mark.parametrize("name", ALL)
def test_a_secret_that_a_worker_says_is_told_to_nobody(name: str, tmp_path: Path) -> None:
    secret, heard = ALL[name][1], Heard()

    def talks(order: SessionOrder) -> list[SessionNews]:
        at = datetime.now(UTC)
        report = {"status": "blocked", "summary": f"I used {secret} and failed", "tests_run": [secret], "notes": secret}
        used = Activity(session=order.id, at=at, kind="tool", tool="Bash", detail=f"curl -u x:{secret}")
        return [used, done(order, report)]

    world = open_world(tmp_path, {Role.WORKER: talks})
    world.context.sinks = (heard,)
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.GIVEN_UP
    assert secret in (world.job(number).reason or ""), "on this box the operator is told"
    assert [sink for sink, text in reached(world, heard, number).items() if secret in text] == []
    assert any("withheld: it looks as if it holds" in line for line in heard.lines)


@pytest.mark.parametrize("name", ["github app, long form", "slack webhook", "private key"])
def test_a_secret_that_a_worker_commits_is_not_pushed(name: str, tmp_path: Path) -> None:
    secret, heard = SECRETS[name][1], Heard()
    world = open_world(tmp_path, {Role.WORKER: script(commits({"new.txt": secret})), Role.CRITIC: script(approves)})
    world.context.sinks = (heard,)
    number = approve(world, "One")
    world.run()
    job = world.job(number)
    assert (job.state, job.pull_request) == (JobState.COOLING, None)
    assert f"it holds what looks like {SECRETS[name][0]}" in (job.reason or "")
    assert [sink for sink, text in reached(world, heard, number).items() if secret in text] == []


def test_a_secret_in_what_would_be_opened_stops_there_and_says_so(tmp_path: Path) -> None:
    """The issue's own title, which a person approved, becomes the pull request's."""
    token = SECRETS["github classic"][1]
    world = open_world(tmp_path, {Role.WORKER: script(commits({"new.txt": "x\n"})), Role.CRITIC: script(approves)})
    number = approve(world, f"Use {token}")
    world.run()
    job = world.job(number)
    assert (job.state, job.pull_request) == (JobState.HANDED_OVER, None)
    assert "looks as if it holds a GitHub token, so it was not sent" in (job.reason or "")
