"""F7: the n-th write, flush or cut of a file fails with EIO, ENOSPC or EROFS, once or from then on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_loop.database import Database
from support import fault_writer, kill_points
from support.fault_syscalls import Point, can_trace, record, run_with, sample
from support.notes import NOTES, notes

NAMES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "fallocate", "openat", "mknodat", "fcntl")
ERRORS = ("EIO", "ENOSPC", "EROFS")
COUNT = 90  # enough for the log to be warmed, and for its flushes
TESTS = Path(kill_points.__file__).parents[1]
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


def play(place: Path, points: list[Point], error: str, *, onwards: bool) -> int:
    """Run the writer with the error at every point; how often it fired."""
    fired, bad = 0, []
    for point in points:
        path = fresh(place)
        ended = run_with(
            f"error={error}", point, [fault_writer.__file__, str(path), str(COUNT)], place, ENVIRON, onwards=onwards
        )
        fired += ended.fired
        if ended.status != 0:
            bad.append(f"{point} {error}: it ended with {ended.status}: {ended.complaint[-1500:]}")
        bad += [f"{point} {error}: {text}" for text in wrong(path, ended.output.split("\n"))]
    assert bad == []
    return fired


def fresh(place: Path) -> Path:
    path = place / "disk" / "state.db"
    path.parent.mkdir(exist_ok=True)
    for left in path.parent.iterdir():
        left.unlink()
    return path


def wrong(path: Path, said: list[str]) -> list[str]:
    """What the next process finds: everything that was promised, nothing that was not written, a sound file."""
    database = Database(path)
    database.migrate("notes", [NOTES])
    database.check()
    found = [int(text.split()[0]) for text in notes(database)]
    database.close()
    promised = [int(line) for line in said if line.isdigit()]
    lost = sorted(set(promised) - set(found))
    return [
        *([f"promised and lost: {lost}"] if lost else []),
        *([f"out of order or twice: {found}"] if found != sorted(set(found)) else []),
    ]


@pytest.fixture
def points(quick: Path) -> list[Point]:
    if not can_trace():
        pytest.skip("strace is not here, or may not trace")
    path = fresh(quick)
    return record([fault_writer.__file__, str(path), str(COUNT)], NAMES, quick, ENVIRON)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("onwards", [False, True], ids=["once", "from then on"])
def test_a_disk_that_fails_loses_nothing_that_was_promised(quick: Path, points: list[Point], onwards: bool) -> None:
    fired = 0
    for index, error in enumerate(ERRORS):
        fired += play(quick, sample(points, 12)[index::3], error, onwards=onwards)
    print(f"F7: {fired} of 12 failing calls fired, {'from then on' if onwards else 'once'}")
    assert fired == 12


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("onwards", [False, True], ids=["once", "from then on"])
def test_a_disk_that_fails_anywhere_loses_nothing_that_was_promised(
    quick: Path, points: list[Point], error: str, onwards: bool
) -> None:
    chosen = sample(points, 60)
    fired = play(quick, chosen, error, onwards=onwards)
    print(f"F7: {fired} of {len(chosen)} calls that fail with {error} fired, {'from then on' if onwards else 'once'}")
    assert fired == len(chosen)
