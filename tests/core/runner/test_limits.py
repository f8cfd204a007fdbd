"""Limits of the account: a nearly used one slows the loop, and a session that gets through ends an outage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop import status
from forge_loop.config.model import Scheduling
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.session import LimitSeen, Role, SessionEnded, SessionOrder, SessionOutcome
from support.runner_world import (
    REPORT,
    SETTINGS,
    World,
    approve,
    commits,
    done,
    ended,
    open_world,
    script,
)

PARALLEL = replace(SETTINGS, scheduling=Scheduling(tick_seconds=0.05, parallel=3))


def step(world: World, reached: Callable[[], bool]) -> None:
    """Tick until something holds; a world in which it never does fails."""
    for _ in range(400):
        world.runner.tick.run()
        if reached():
            return
        for job in world.context.store.jobs.live():
            world.context.errands.wait(f"job:{job.id}", 5.0)
    pytest.fail(f"it was never so: {world.kinds()}")


def warned(session: str, utilization: float, resets_in: timedelta = timedelta(hours=2)) -> LimitSeen:
    return LimitSeen(
        session=session,
        status="allowed_warning",
        kind="five_hour",
        resets_at=datetime.now(UTC) + resets_in,
        utilization=utilization,
    )


def test_a_nearly_used_limit_lets_one_job_run_at_a_time_and_explain_says_so(tmp_path: Path) -> None:
    world = open_world(tmp_path, {}, settings=PARALLEL)
    approve(world, "First")
    step(world, lambda: bool(world.agents.orders))
    world.agents.hear(warned(world.agents.orders[0].id, 0.96))
    world.runner.tick.run()
    second = approve(world, "Second")
    world.clock.ahead += timedelta(seconds=1)
    step(world, lambda: world.context.store.jobs.newest_by_number(second) is not None)
    for _ in range(5):
        world.runner.tick.run()
    assert world.state(second) is JobState.QUEUED
    told = [event.data for event in world.events() if event.kind == "loop.paced"]
    assert [(event["slots"], event["limit"]) for event in told] == [(1, "five_hour")]
    reading = status.Reading(issue=world.tracker.issue(second), blockers={})
    said = status.explain_issue(world.layout.root, second, reading, PARALLEL, now=world.clock.now())
    assert {"paced", "no_free_slot"} <= {reason.code for reason in said.reasons}
    world.clock.ahead += timedelta(hours=2)
    step(world, lambda: world.state(second) is JobState.WORKING)


def test_a_lower_number_speeds_the_loop_up_again(tmp_path: Path) -> None:
    world = open_world(tmp_path, {}, settings=PARALLEL)
    approve(world, "First")
    step(world, lambda: bool(world.agents.orders))
    session = world.agents.orders[0].id
    for utilization in (0.85, 0.86, 0.99, 0.2):
        world.agents.hear(warned(session, utilization))
    world.runner.tick.run()
    told = [event.data for event in world.events() if event.kind == "loop.paced"]
    assert [(event["slots"], event["until"] is None) for event in told] == [(2, False), (1, False), (3, True)]


@pytest.mark.parametrize(("outcome", "freed"), [(SessionOutcome.TRANSIENT, True), (SessionOutcome.LIMIT, False)])
def test_a_session_that_gets_through_ends_an_outage_and_no_limit(
    tmp_path: Path, outcome: SessionOutcome, freed: bool
) -> None:
    world = open_world(tmp_path, {}, settings=PARALLEL)
    first, second = approve(world, "First"), approve(world, "Second")
    step(world, lambda: len(world.agents.orders) == 2)
    failing, working = world.agents.orders
    resets_at = world.clock.now() + timedelta(hours=3) if outcome is SessionOutcome.LIMIT else None
    world.agents.finish(replace(ended(failing, outcome, "429"), resets_at=resets_at))
    world.runner.tick.run()
    parked = next(number for number in (first, second) if world.state(number) is JobState.PARKED)
    assert world.job(parked).failure_kind in (FailureKind.LIMIT, FailureKind.TRANSIENT)
    world.clock.ahead += timedelta(seconds=1)
    commits({"a.txt": "a\n"})(working)
    world.agents.finish(replace(done(working, REPORT), at=world.clock.now()))
    world.runner.tick.run()
    assert (world.context.store.loop().parked_until is None) is freed
    assert ("loop.unparked" in world.kinds()) is freed
    assert (world.job(parked).not_before is None) is freed


def test_the_longest_wait_wins_and_stays_a_limits(tmp_path: Path) -> None:
    world = open_world(tmp_path, {}, settings=PARALLEL)
    approve(world, "First")
    approve(world, "Second")
    step(world, lambda: len(world.agents.orders) == 2)
    one, other = world.agents.orders
    resets_at = world.clock.now() + timedelta(hours=3)
    world.agents.finish(replace(ended(one, SessionOutcome.LIMIT, "limit"), resets_at=resets_at))
    world.agents.finish(ended(other, SessionOutcome.TRANSIENT, "overloaded"))
    world.runner.tick.run()
    loop = world.context.store.loop()
    assert loop.parked_for is FailureKind.LIMIT
    assert loop.parked_until is not None
    assert loop.parked_until >= resets_at


def test_a_session_that_cannot_be_configured_halts_dispatch_and_names_the_model(tmp_path: Path) -> None:
    def refused(order: SessionOrder) -> SessionEnded:
        return ended(order, SessionOutcome.CONFIGURATION, "model_not_found: 404")

    world = open_world(tmp_path, {Role.WORKER: script(refused)})
    number = approve(world, "First")
    world.run()
    assert world.state(number) is JobState.PARKED
    assert world.job(number).attempts == 0
    halted = world.context.store.loop().halt_reason
    assert halted == f"model_not_found: 404 (worker.model: {SETTINGS.worker.model})"
