"""The watchdog stage over scripted sessions that say little."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.config.model import Settings, Watchdog, Worker
from forge_loop.domain.session import Activity
from forge_loop.runner import watchdog
from forge_loop.runner.watchdog import newest_change
from support.deep_tree import nested
from support.runner_world import SETTINGS, World, approve, open_world

BETWEEN = timedelta(minutes=20)  # longer than watchdog.stop, shorter than watchdog.tool


def working(root: Path, settings: Settings = SETTINGS) -> tuple[World, str]:
    """A world in which a worker has begun and says nothing by itself."""
    world = open_world(root, {}, settings=settings)
    approve(world, "Take your time")
    for _ in range(200):
        world.runner.tick.run()
        if world.agents.orders:
            return world, world.agents.orders[0].id
        world.context.errands.wait("job:1", 5.0)
    pytest.fail(f"no session began: {world.kinds()}")


def said(world: World, session: str, *, under_way: int) -> None:
    news = Activity(session=session, at=world.clock.now(), kind="tool", tool="Bash", under_way=under_way)
    world.agents.hear(news)
    world.runner.tick.run()


def ended_after(world: World, silence: timedelta) -> bool:
    world.clock.ahead += silence
    world.runner.tick.run()
    return bool(world.agents.ends)


def test_a_long_silent_tool_call_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    world, session = working(tmp_path)
    said(world, session, under_way=1)
    assert not ended_after(world, BETWEEN)
    assert ended_after(world, BETWEEN)
    assert "watchdog.ended_session" in world.kinds()


def test_silence_after_the_tool_call_has_come_back_is_silence(tmp_path: Path) -> None:
    world, session = working(tmp_path)
    said(world, session, under_way=1)
    said(world, session, under_way=0)
    assert ended_after(world, BETWEEN)


def test_a_hosts_own_clock_comes_first_and_the_watchdog_is_for_a_host_that_does_not_keep_it(tmp_path: Path) -> None:
    world, _ = working(tmp_path, replace(SETTINGS, worker=Worker(timeout=300.0)))
    assert not ended_after(world, timedelta(seconds=310))
    assert ended_after(world, timedelta(seconds=30))
    told = [event for event in world.events() if event.kind == "watchdog.ended_session"]
    assert [event.data["reason"] for event in told] == ["the time of its role ran out"]


def test_the_time_that_a_file_gives_itself_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = newest_change(tmp_path)
    for seconds in (4_000_000_000, 2**40):
        os.utime(tmp_path / "file", (seconds, seconds))
        after = newest_change(tmp_path)
        assert before is not None
        assert after is not None
        assert before <= after < before + timedelta(minutes=10)


def test_a_tree_too_deep_to_walk_hides_no_other_session_from_the_watchdog(tmp_path: Path) -> None:
    world, _ = working(tmp_path, replace(SETTINGS, watchdog=Watchdog(stop=7200.0, no_progress=600.0)))
    with nested(world.agents.orders[0].workspace / "deep", 3000):
        assert ended_after(world, 2 * BETWEEN)
        assert [place for place, _ in world.faults if "watchdog" in place] == []


def test_files_are_looked_at_only_once_they_could_end_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = replace(SETTINGS, watchdog=replace(SETTINGS.watchdog, stop=7200.0))
    world, session = working(tmp_path, patient)
    walks: list[Path] = []

    def walked(root: Path) -> datetime:
        walks.append(root)
        return world.clock.now() - timedelta(minutes=80)

    monkeypatch.setattr(watchdog, "newest_change", walked)
    for _ in range(4):  # 80 minutes
        said(world, session, under_way=0)
        assert not ended_after(world, BETWEEN)
    assert walks == []
    said(world, session, under_way=0)
    assert not ended_after(world, BETWEEN)  # 100 minutes; a file has changed 80 minutes ago
    assert len(walks) == 1
    said(world, session, under_way=0)
    monkeypatch.setattr(watchdog, "newest_change", lambda _root: None)
    assert ended_after(world, BETWEEN)
    assert [event.data["reason"] for event in world.events() if event.kind == "watchdog.ended_session"] == [
        "no file has changed"
    ]
