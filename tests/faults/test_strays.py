"""F6: processes that an agent's shell leaves behind in shapes that hide them, after the loop and its host were killed.

Without a sandbox only the loop's marker in their environment is left to find them by, and the next start does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from forge_loop.agents.processes import Process, descendants, find
from support.command_line import Place
from support.fault_loop import WAIT, finish, held_loop, running

SHAPES = {
    "new session": "setsid sleep {name} &",
    "double fork": "(sleep {name} & )",
    "ignores TERM": "(trap '' TERM HUP INT; exec sleep {name}) &",
    "closed descriptors": "sleep {name} <&- >&- 2>&- &",
    "stopped": "sleep {name} & sleep 0.1; kill -STOP $!",
}
OF_EACH = 10
FIRST_NAME = 987_650  # a sleep of so many seconds; no other program sleeps exactly as long


def command(mark: Path) -> str:
    lines = [
        f"for _ in $(seq {OF_EACH}); do {shape.format(name=FIRST_NAME + at)}\ndone"
        for at, shape in enumerate(SHAPES.values())
    ]
    return "\n".join([*lines, f"touch {mark}", f"sleep {FIRST_NAME + len(SHAPES)}"])


def alive() -> Counter[str]:
    """How many strays of each shape live, a stopped one too."""
    found = Counter[str]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and find(int(entry.name)) is not None:
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == b"sleep" and words[1].isdigit():
                at = int(words[1]) - FIRST_NAME
                if 0 <= at < len(SHAPES):
                    found[list(SHAPES)[at]] += 1
    return found


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("strays")
def test_no_stray_of_a_killed_loop_outlives_the_next_start(place: Place) -> None:
    with held_loop(place, "the worker's tool runs", command=command(place.state.parent / "marks" / "here")) as loop:
        with running(loop.start()) as process:
            loop.held()
            loop.until(lambda: alive().total() == OF_EACH * len(SHAPES), "not every stray came up")
            below = descendants(process.pid)
            kill_at_once([process.pid, *(other.pid for other in below if name(other) != b"sleep")])
            process.wait(WAIT)
        fired = alive()
        assert fired == Counter(dict.fromkeys(SHAPES, OF_EACH))
        began = time.monotonic()
        finish(loop)
        left = alive()
        print(f"F6 without a sandbox: {fired.total()} strays alive after the kill, {left.total()} after the next start")
        assert left.total() == 0
        assert time.monotonic() - began < WAIT
        assert loop.processes() == []


def name(process: Process) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/comm").read_bytes().strip()
    except OSError:
        return b""


def kill_at_once(pids: list[int]) -> None:
    """kill -9 the loop, and then its host and Claude Code, which would clean up after it."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
