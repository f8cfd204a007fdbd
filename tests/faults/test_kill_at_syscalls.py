"""F2: kill -9 at a system call, sampled over all that the loop makes in three scenarios. Long: behind --long."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from support import fault_life, kill_points
from support.fault_syscalls import can_trace, record, run_with, sample
from support.kill_points import SCENARIOS, in_child, lay_out, live

NAMES = (
    *("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "fallocate", "flock"),
    *("openat", "close", "mkdir", "rename", "unlink", "unlinkat", "rmdir", "vfork", "clone3", "clone"),
)
PART, PARTS = 29, 6  # points of a part, parts of a scenario: so many tests can share the work
TESTS = Path(kill_points.__file__).parents[1]
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scenario", ["merged", "revised", "conflict"])
def test_a_kill_at_any_system_call_loses_nothing_and_doubles_nothing(scenario: str, part: int, quick: Path) -> None:
    if not can_trace():
        pytest.skip("strace is not here, or may not trace")
    assert play(scenario, part, quick, PART, PARTS) == PART


def test_a_kill_at_a_few_system_calls_loses_nothing_and_doubles_nothing(quick: Path) -> None:
    if not can_trace():
        pytest.skip("strace is not here, or may not trace")
    assert play("merged", 0, quick, 6, 1) == 6


def play(scenario: str, part: int, place: Path, many: int, parts: int) -> int:
    """Kill at the points of a part until so many kills have fired; how many did.

    Lives differ by a few calls of their threads: a point that does not come in one is judged, and not counted.
    """
    lay_out(SCENARIOS[scenario], place / "fresh")
    root, bad, fired, tried = place / "life", [], 0, 0
    program = [fault_life.__file__, scenario, str(root)]
    shutil.copytree(place / "fresh", root)
    points = sample(record(program, NAMES, place, ENVIRON), many * parts * 3 // 2)[part::parts]
    random.Random(part).shuffle(points)
    for point in points:
        if fired == many:
            break
        shutil.rmtree(root)
        shutil.copytree(place / "fresh", root)
        fired += run_with("signal=SIGKILL", point, program, place, ENVIRON).fired
        tried += 1
        found = in_child(lambda: live(SCENARIOS[scenario], root))["violations"]
        bad += [f"{point}: {text}" for text in found]
    print(f"F2 {scenario}, part {part}: {fired} kills fired at {tried} points")
    assert bad == []
    return fired
