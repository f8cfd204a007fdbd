"""Rows, queue and world brought together: what is done once and not at every tick."""

from __future__ import annotations

import select
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from forge_loop.config.model import Retry, Scheduling
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.runner import Until
from support.fake_agents import Script
from support.runner_world import SETTINGS, approve, ended, open_world


def test_a_job_whose_time_has_come_does_not_keep_a_loop_awake_that_has_no_slot_for_it(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, scheduling=Scheduling(tick_seconds=3600, parallel=1), retry=Retry(attempts=9, cooldown=1)
    )
    orders: list[SessionOrder] = []

    def fails_first(order: SessionOrder) -> list[SessionEnded]:
        orders.append(order)
        return [ended(order, SessionOutcome.FAILED, "no luck")] if len(orders) == 1 else []

    scripts: dict[Role, Script] = {Role.WORKER: fails_first}
    world = open_world(tmp_path, scripts, settings=settings)
    first, second = approve(world, "First"), approve(world, "Second")
    with world.runner.started():
        while len(orders) < 2:
            world.runner.step(Until())
            world.waker.wait(0.5)
        assert (world.state(first), world.state(second)) == (JobState.COOLING, JobState.WORKING)
        world.clock.ahead += timedelta(minutes=1)
        for _ in range(40):  # what was looked at anew comes back, and then nothing more
            world.runner.step(Until())
            if not select.select(world.waker.descriptors, [], [], 0.3)[0]:
                return
            world.waker.wait(0)
        raise AssertionError("it never comes to sleep")
