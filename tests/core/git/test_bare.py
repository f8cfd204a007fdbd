"""Tests of what an ended git leaves in a bare repository."""

from __future__ import annotations

import os
import time
from pathlib import Path

from forge_loop.git.bare import LEFTOVER_SECONDS, STALE_SECONDS, drop_leftovers, drop_stale_locks, new_bare
from support.repositories import git


def aged(path: Path, seconds: float) -> Path:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


def test_a_new_repository_is_not_at_its_place_before_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / ".control.git.new").mkdir()
    (tmp_path / ".control.git.new" / "half").touch()
    fresh = new_bare(tmp_path / "control.git", branch="trunk")
    assert not (tmp_path / "control.git").exists()
    assert not (fresh / "half").exists()
    assert git(fresh, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert not (fresh / "hooks").exists()


def test_only_old_locks_are_dropped(tmp_path: Path) -> None:
    place = new_bare(tmp_path / "control.git")
    (place / "refs" / "forge" / "1").mkdir(parents=True)
    old = [
        place / "packed-refs.lock",
        place / "refs" / "heads" / "main.lock",
        place / "refs" / "forge" / "1" / "2.lock",
    ]
    for lock in old:
        lock.touch()
        aged(lock, STALE_SECONDS + 5)
    fresh = place / "refs" / "heads" / "other.lock"
    fresh.touch()
    assert drop_stale_locks(place) == 3
    assert [lock for lock in old if lock.exists()] == []
    assert fresh.exists()


def test_only_old_temporary_directories_are_dropped(tmp_path: Path) -> None:
    place = new_bare(tmp_path / "control.git")
    for name, age in ((".harvest-old", LEFTOVER_SECONDS + 5), (".index-new", 0.0)):
        (place / name).mkdir()
        (place / name / "file").touch()
        aged(place / name, age)
    assert drop_leftovers(place) == 1
    assert not (place / ".harvest-old").exists()
    assert (place / ".index-new").exists()
