"""What a session was given is kept beside its transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.domain.session import Role
from forge_loop.domain.worker_report import WORKER_SCHEMA
from forge_loop.runner.maintenance import prune_files
from forge_loop.runner.recorded import place, recorded_order
from support.runner_world import World, approve, approves, commits, open_world, script


def worked(root: Path) -> World:
    worker = script(commits({"hello.txt": "Hello.\n"}))
    world = open_world(root, {Role.WORKER: worker, Role.CRITIC: script(approves)})
    approve(world, "Say hello")
    world.run()
    return world


def test_every_session_of_a_job_can_be_given_its_order_again(tmp_path: Path) -> None:
    world = worked(tmp_path)
    rows = world.context.store.sessions.select()
    assert [row.role for row in rows] == [Role.WORKER, Role.CRITIC]
    for row, order in zip(rows, world.agents.orders, strict=True):
        kept = recorded_order(row)
        assert kept is not None
        assert (kept.session, kept.role, kept.purpose) == (order.id, row.role, row.purpose)
        assert (kept.system, kept.prompt, kept.model) == (order.system, order.prompt, order.model)
        assert (kept.effort, kept.max_turns, kept.timeout) == (order.effort, order.max_turns, order.timeout)
    worker, critic = (recorded_order(row) for row in rows)
    assert worker is not None
    assert critic is not None
    assert worker.report_schema == WORKER_SCHEMA
    job = world.job(1)
    assert (worker.base_sha, worker.head_sha) == (critic.base_sha, None)
    assert (critic.head_sha, critic.checks, critic.block_on) == (job.head_sha, world.settings.checks, "sev2")
    world.close()


def test_the_record_is_private_and_goes_with_the_transcripts(tmp_path: Path) -> None:
    world = worked(tmp_path)
    (row, *_) = world.context.store.sessions.select()
    assert place(row).stat().st_mode & 0o777 == 0o600
    prune_files((world.layout.transcripts,), oldest=place(row).stat().st_mtime + 1, size=1 << 30)
    assert recorded_order(row) is None
    world.close()


def test_a_record_that_was_cut_short_is_none(tmp_path: Path) -> None:
    world = worked(tmp_path)
    (row, *_) = world.context.store.sessions.select()
    place(row).write_bytes(place(row).read_bytes()[:-10])
    assert recorded_order(row) is None
    world.close()


def test_a_record_that_cannot_be_written_stops_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_loop.runner.recorded.place", lambda row: tmp_path / "nowhere" / str(row.id))
    world = worked(tmp_path)
    assert world.state(1) == "merged"
    world.close()
