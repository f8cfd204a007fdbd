"""A worker that was denied too often, through the runner."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from forge_loop.config.model import Retry
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from support.runner_world import SETTINGS, approve, open_world, script

WHY = "it was denied permission 5 times: Bash(git push)"


def denied(order: SessionOrder) -> SessionEnded:
    calls = ("Bash(git push)",) * 5
    return SessionEnded(
        session=order.id, outcome=SessionOutcome.DENIED, at=datetime.now(UTC), detail=WHY, denials=calls
    )


def test_an_attempt_of_a_worker_denied_too_often_counts_and_names_the_calls(tmp_path: Path) -> None:
    settings = replace(SETTINGS, retry=Retry(attempts=1))
    world = open_world(tmp_path, {Role.WORKER: script(denied)}, settings=settings)
    number = approve(world, "Push it yourself")
    world.run()
    assert world.faults == []
    assert world.state(number) is JobState.GIVEN_UP
    assert WHY in (world.job(number).reason or "")
    attempt = world.context.store.attempts.select()[0]
    assert (attempt.charged, attempt.failure_kind) == (True, FailureKind.PERMISSION_DENIED)
    told = [event for event in world.events() if event.kind == "session.permission_denied"]
    assert [event.data["tools"] for event in told] == [["Bash(git push)"] * 5]
