"""`doctor --fix`: what is amiss in a state directory is found, mended and told, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from forge_loop.agents.environment import LOOP_MARKER
from forge_loop.agents.processes import find
from forge_loop.cli.upkeep import UPKEEP, amiss, mend
from forge_loop.domain.job import JobState
from forge_loop.runner.lock import LoopLock
from support.command_line import Place, seed_job


@pytest.fixture
def used(place: Place) -> Place:
    """A place in which a loop has run and everything is as it should be."""
    place.init()
    assert place.run("run", "--max-ticks", "1").status == 0
    assert found(place) <= {"reserve"}  # one tick may be too short for it
    mend(place.layout, UPKEEP)
    assert found(place) == set()
    return place


def found(place: Place) -> set[str]:
    return {name for name in UPKEEP if amiss(name, place.layout)}


def mended(place: Place) -> dict[str, list[str]]:
    """What was done; afterwards nothing is left to do."""
    told = mend(place.layout, UPKEEP)
    assert (found(place), mend(place.layout, UPKEEP)) == (set(), {})
    return told


def test_where_no_loop_has_been_there_is_nothing_to_mend_and_nothing_is_made(place: Place) -> None:
    assert mend(place.layout, UPKEEP) == {}
    assert not place.state.exists()


def test_what_is_open_to_others_is_closed_and_a_link_is_not_followed(used: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    (used.state / "link").symlink_to(outside)
    for path in (used.layout.events, used.layout.control):
        path.chmod(path.stat().st_mode | 0o044)
    assert found(used) == {"private"}
    closed = [f"closed {path} to other users" for path in (used.layout.control, used.layout.events)]
    assert mended(used) == {"private": closed}
    assert used.layout.events.stat().st_mode & 0o777 == 0o600
    assert used.layout.control.stat().st_mode & 0o777 == 0o700
    assert outside.stat().st_mode & 0o777 == 0o644


def test_a_missing_reserve_is_set_aside_again(used: Place) -> None:
    reserve = used.state / "state.db-reserve"
    reserve.unlink()
    assert found(used) == {"reserve"}
    assert mended(used) == {"reserve": ["set 2 MiB aside for a full disk"]}
    assert reserve.stat().st_size == 2 * 1024 * 1024


@pytest.mark.parametrize("damage", ["torn", "gone", "behind"])
def test_the_event_file_is_completed_from_the_database(used: Place, damage: str) -> None:
    whole = used.layout.events.read_bytes()
    if damage == "gone":
        used.layout.events.unlink()
    else:
        used.layout.events.write_bytes(whole[:-20] if damage == "torn" else whole[: whole.index(b"\n") + 1])
    assert found(used) == {"events"}
    assert mended(used) == {"events": [f"completed events.jsonl up to event {len(whole.splitlines())}"]}
    assert used.layout.events.read_bytes() == whole


def test_a_lock_that_names_a_loop_that_is_gone_is_cleared(used: Place) -> None:
    used.layout.lock.write_text('{"pid": 4194304}')
    assert found(used) == {"lock"}
    assert mended(used) == {"lock": ["cleared loop.lock"]}
    assert used.layout.lock.read_text() == ""


def test_a_clone_of_an_ended_job_is_removed_and_its_work_kept(used: Place) -> None:
    ended, live = seed_job(used, 1, state=JobState.CANCELLED), seed_job(used, 2, state=JobState.WORKING)
    used.layout.workspaces.mkdir(mode=0o700, exist_ok=True)
    for job in (ended, live):
        clone = used.layout.workspaces / f"{job.issue}-{job.id}-work"
        clone.mkdir()
        (clone / "half-done.py").write_text("x = 1\n")
    archive = used.layout.salvaged / f"1-{ended.id}-work.tar.gz"
    gone = used.layout.workspaces / f"1-{ended.id}-work"
    assert mended(used)["leftovers"] == [f"removed {gone}; what it held is in {archive}"]
    assert [path.name for path in used.layout.workspaces.iterdir()] == [f"2-{live.id}-work"]
    with tarfile.open(archive) as kept:
        assert any(name.endswith("half-done.py") for name in kept.getnames())


def test_a_process_that_outlived_its_session_is_ended(used: Place) -> None:
    with used.store() as store:
        marker = store.loop().loop_id
    done = subprocess.run(
        ["sh", "-c", "setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $!"],
        env={**os.environ, LOOP_MARKER: marker},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert find(int(done.stdout)) is not None
    assert found(used) == {"leftovers"}
    assert mended(used) == {"leftovers": ["ended 1 processes"]}
    assert find(int(done.stdout)) is None


def test_while_a_loop_holds_the_state_nothing_is_touched(used: Place) -> None:
    used.layout.events.chmod(0o644)
    with LoopLock(used.layout.lock):
        said = used.run("doctor", "--only", "private", "--fix")
    assert said.status == 5
    assert "another loop holds" in said.stderr
    assert used.layout.events.stat().st_mode & 0o777 == 0o644


def test_a_mend_that_fails_is_told_and_the_others_are_done(used: Place) -> None:
    (used.state / "state.db-reserve").unlink()
    (used.state / "state.db-reserve").symlink_to(used.state / "nowhere")
    used.layout.events.chmod(0o644)
    told = mend(used.layout, UPKEEP)
    assert told["reserve"][0].startswith("could not be mended: no space is set aside")
    assert told["private"] == [f"closed {used.layout.events} to other users"]


def test_doctor_finds_mends_and_tells(used: Place) -> None:
    used.layout.events.chmod(0o644)
    hint = used.run("doctor", "--only", "private").lines
    assert hint == [
        f"warn  private        {used.layout.events} is open to other users",
        "                     hint: forge-loop doctor --fix",
    ]
    assert used.run("doctor", "--only", "private", "--fix").lines == [
        f"mend  private        closed {used.layout.events} to other users",
        "ok    private        as it should be",
    ]
    assert used.run("doctor", "--only", "private", "--fix", "--json").document["mended"] == []
