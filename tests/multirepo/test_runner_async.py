"""The async runner over real runners: one repository or several, with everything that may go wrong in one of them."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forge_loop import ConfigError, OperatorError
from forge_loop.config.model import Scheduling
from forge_loop.domain.issue import Issue
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop_multirepo.fleet_file import Fleet
from forge_loop_multirepo.records import look
from multirepo.fleet_world import AtOnce, FleetWorld, fleet_of, good, on_a_loop_of_its_own
from support.fake_agents import Script
from support.runner_world import SETTINGS, World, approve, open_world, script

ONE_SLOT = replace(SETTINGS, scheduling=Scheduling(tick_seconds=0.05, parallel=1))
VARYING = {"pid", "seconds", "path"}
IDENTITY = re.compile(r"[0-9a-f]{7,40}")


def story(events: list[Recorded]) -> list[tuple[str, int | None, dict[str, Any]]]:
    """What happened, without what differs between any two runs: times, places, commit ids."""
    return [
        (
            event.kind,
            event.issue,
            {name: IDENTITY.sub("#", str(value)) for name, value in event.data.items() if name not in VARYING},
        )
        for event in events
        if event.kind != "tick.finished"
    ]


def jobs_of(fleet: FleetWorld, name: str) -> list[JobState]:
    world = open_world(fleet.root / name, {}, settings=fleet.settings)
    try:
        return [job.state for job in world.context.store.jobs.select()]
    finally:
        world.waker.close()
        world.close()


def test_one_repository_tells_the_same_story_as_under_the_synchronous_runner(tmp_path: Path) -> None:
    titles = ("First", "Second", "Third")
    (tmp_path / "alone").mkdir()
    alone = open_world(tmp_path / "alone", good(), settings=ONE_SLOT)
    for title in titles:
        approve(alone, title)
    alone.context.errands = AtOnce(alone.waker.wake)
    alone.run()

    def prepare(_name: str, world: World) -> None:
        world.context.errands = AtOnce(world.waker.wake)

    fleet = FleetWorld(tmp_path, fleet_of("shop", root=tmp_path), settings=ONE_SLOT, prepare=prepare)
    fleet.project("shop", *titles)
    assert fleet.run()
    assert jobs_of(fleet, "shop") == [JobState.MERGED] * 3
    assert story(fleet.events("shop")) == story(alone.events())


def test_all_repositories_come_to_rest_and_never_use_more_slots_than_there_are(tmp_path: Path) -> None:
    fleet = FleetWorld(tmp_path, fleet_of("a", "b", "c", slots=2, root=tmp_path))
    most = 0

    def watch(_name: str, world: World) -> None:
        inner = world.runner.tick.run

        def tick() -> None:
            nonlocal most
            inner()
            most = max(most, sum(len(each.context.in_hand) for each in fleet.worlds.values()))

        world.runner.tick.run = tick  # type: ignore[method-assign]

    fleet.prepare = watch
    for name in ("a", "b", "c"):
        fleet.project(name, "One", "Two")
    assert fleet.run()
    assert [jobs_of(fleet, name) for name in ("a", "b", "c")] == [[JobState.MERGED] * 2] * 3
    assert most == 2
    assert fleet.told == []


def test_a_forge_that_hangs_holds_up_no_other_repository(tmp_path: Path) -> None:
    fleet = FleetWorld(tmp_path, fleet_of("hangs", "works", root=tmp_path))
    fleet.project("hangs")
    fleet.project("works", "One")
    merged, hung = threading.Event(), threading.Event()

    def prepare(name: str, world: World) -> None:
        if name == "hangs":

            def open_issues() -> list[Issue]:
                hung.set()
                assert merged.wait(50), "the other repository was held up"
                return []

            world.tracker.open_issues = open_issues  # type: ignore[method-assign]
        else:
            inner = world.runner.tick.run

            def tick() -> None:
                inner()
                if hung.is_set() and any(job.state is JobState.MERGED for job in world.context.store.jobs.select()):
                    merged.set()

            world.runner.tick.run = tick  # type: ignore[method-assign]

    fleet.prepare = prepare
    assert fleet.run()
    assert merged.is_set()
    assert jobs_of(fleet, "works") == [JobState.MERGED]


def test_a_repository_that_cannot_be_opened_is_told_and_stops_no_other(tmp_path: Path) -> None:
    fleet = FleetWorld(tmp_path, fleet_of("bad", "good", root=tmp_path))
    fleet.project("good", "One")
    fleet.broken["bad"] = OperatorError("its checkout is gone")
    assert not fleet.run()
    assert jobs_of(fleet, "good") == [JobState.MERGED]
    assert [(name, str(error)) for name, error in fleet.told] == [("bad", "its checkout is gone")]
    seen = look(tmp_path / "fleet")
    assert seen.pid is None
    assert seen.problems == {"bad": "its checkout is gone"}


def test_the_accounts_limit_parks_every_repository(tmp_path: Path) -> None:
    resets = datetime.now(UTC) + timedelta(hours=2)

    def limited(order: SessionOrder) -> SessionEnded:
        return SessionEnded(
            session=order.id, outcome=SessionOutcome.LIMIT, at=datetime.now(UTC), detail="five_hour", resets_at=resets
        )

    def scripts(name: str) -> Mapping[Role, Script]:
        return {Role.WORKER: script(limited)} if name == "a" else good()

    fleet = FleetWorld(tmp_path, fleet_of("a", "b", slots=1, root=tmp_path), scripts=scripts)
    fleet.project("a", "One")
    fleet.project("b")
    assert fleet.run()
    parked = {name: [event.data for event in fleet.events(name) if event.kind == "loop.parked"] for name in "ab"}
    assert len(parked["a"]) == len(parked["b"]) == 1
    assert parked["a"][0]["until"] == parked["b"][0]["until"]
    limit = look(tmp_path / "fleet").limit
    assert limit is not None
    assert resets <= limit.until <= resets + timedelta(minutes=2)


def test_a_changed_file_begins_what_is_new_and_ends_what_is_gone_and_a_bad_edit_keeps_the_last(tmp_path: Path) -> None:
    before, after = fleet_of("old", root=tmp_path), fleet_of("new", root=tmp_path)
    edits: list[Fleet | Exception] = [ConfigError(["repos.yaml:1:1: nonsense"]), after]

    def reload() -> Fleet | None:
        if not edits:
            return None
        edit = edits.pop(0)
        if isinstance(edit, Exception):
            raise edit
        return edit

    fleet = FleetWorld(tmp_path, before, reload=reload)
    fleet.project("old")
    fleet.project("new", "One")

    async def run() -> None:
        running = asyncio.create_task(fleet.runner.run())
        async with asyncio.timeout(60):
            while not ("new" in fleet.worlds and any(e.kind == "job.merged" for e in fleet.worlds["new"].events())):
                await asyncio.sleep(0.05)
        fleet.runner.stop("seen enough")
        await running

    on_a_loop_of_its_own(run())
    assert [str(error).splitlines()[-1].strip() for _, error in fleet.told] == ["repos.yaml:1:1: nonsense"]
    assert fleet.events("old")[-1].data["reason"] == "it was taken out of the fleet"
    assert fleet.events("new")[-1].data["reason"] == "seen enough"


def test_cancelling_ends_every_loop_before_it_returns(tmp_path: Path) -> None:
    def scripts(_name: str) -> Mapping[Role, Script]:
        return {}  # a worker that runs until it is ended

    fleet = FleetWorld(tmp_path, fleet_of("a", "b", root=tmp_path), scripts=scripts)
    fleet.project("a", "One")
    fleet.project("b", "Two")

    async def run() -> None:
        running = asyncio.create_task(fleet.runner.run())
        async with asyncio.timeout(60):
            while len(fleet.worlds) < 2 or not all(world.agents.orders for world in fleet.worlds.values()):
                await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    on_a_loop_of_its_own(run())
    assert [world.agents.ends[0][1] for world in fleet.worlds.values()] == ["the loop is stopping"] * 2
    assert [fleet.events(name)[-1].kind for name in "ab"] == ["loop.stopped"] * 2
