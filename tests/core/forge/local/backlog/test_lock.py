"""Tests of the locks that Backlog.md and the loop share."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from forge_loop.errors import ForgeError
from forge_loop.forge.local.backlog.lock import PAUSE_SECONDS, STALE_SECONDS, TRIES, held


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".locks" / "task-task-7"


def never(_: float) -> None:
    raise AssertionError("it waited")


def test_a_lock_is_a_directory_while_it_is_held(lock: Path) -> None:
    with held(lock, pause=never):
        assert lock.is_dir()
    assert not lock.exists()


def test_a_lock_is_given_back_when_the_work_fails(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(lock, pause=never):
        raise ZeroDivisionError
    assert not lock.exists()


def test_a_lock_that_stays_taken_is_an_error_after_five_tries(lock: Path) -> None:
    lock.mkdir(parents=True)
    waits: list[float] = []
    with pytest.raises(ForgeError, match="being modified by another process"), held(lock, pause=waits.append):
        pass
    assert waits == [PAUSE_SECONDS] * (TRIES - 1)
    assert lock.is_dir()


def test_a_lock_that_comes_free_while_waiting_is_taken(lock: Path) -> None:
    lock.mkdir(parents=True)
    with held(lock, pause=lambda _: lock.rmdir()):
        assert lock.is_dir()


def test_a_stale_lock_is_taken_over_at_once(lock: Path) -> None:
    lock.mkdir(parents=True)
    os.utime(lock, (time.time() - STALE_SECONDS - 1,) * 2)
    with held(lock, pause=never):
        assert time.time() - lock.stat().st_mtime < STALE_SECONDS
    assert not lock.exists()
