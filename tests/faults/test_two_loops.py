"""F10: two loops at once, a lock left by a killed loop, a pid that belongs to somebody else by now."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forge_loop.errors import LoopRunningError
from forge_loop.runner.lock import LoopLock
from support.command_line import Place

ROUNDS = 50
PAIRS = 4
WAIT = 60.0


@contextmanager
def forked(path: Path, start: int) -> Iterator[tuple[int, int]]:
    """A process that takes the lock when the pipe `start` closes: its pid, and a pipe on which it says how it went.

    It holds the lock until it is killed at the end of the block.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            os.read(start, 1)
            try:
                with LoopLock(path):
                    os.write(write, b"held\n")
                    signal.pause()
            except LoopRunningError as refused:
                os.write(write, f"{refused}\n".encode())
        finally:
            os._exit(0)
    os.close(write)
    try:
        yield pid, read
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)


def answer(pipe: int) -> str:
    return os.read(pipe, 1000).decode().strip()


def test_of_two_locks_taken_together_exactly_one_is_held_and_the_other_names_it(tmp_path: Path) -> None:
    fired, bad = 0, []
    (tmp_path / "loop.lock").write_text('{"pid": 4194305}')  # left by a loop of long ago
    for _ in range(ROUNDS):
        start, go = os.pipe()
        with two(tmp_path / "loop.lock", start, go) as answers:
            fired += 1
            held = [pid for pid, said in answers.items() if said == "held"]
            refused = [said for said in answers.values() if said != "held"]
            if len(held) != 1 or len(refused) != 1 or f'"pid": {held[0]}' not in refused[0]:
                bad.append(answers)
    print(f"F10: {fired} races for the lock")
    assert bad == []
    assert fired == ROUNDS


@contextmanager
def two(path: Path, start: int, go: int) -> Iterator[dict[int, str]]:
    with forked(path, start) as (first, one), forked(path, start) as (second, other):
        os.write(go, b"gg")
        yield {first: answer(one), second: answer(other)}
    os.close(start)
    os.close(go)


def test_a_lock_left_by_a_killed_loop_is_taken_over_every_time(tmp_path: Path) -> None:
    path, fired = tmp_path / "loop.lock", 0
    for _ in range(ROUNDS):
        start, go = os.pipe()
        with forked(path, start) as (pid, pipe):
            os.write(go, b"g")
            assert answer(pipe) == "held"
        assert json.loads(path.read_text()) == {"pid": pid}
        fired += 1
        with LoopLock(path):
            assert json.loads(path.read_text()) == {"pid": os.getpid()}
        os.close(start)
        os.close(go)
    print(f"F10: {fired} locks of killed loops taken over")
    assert fired == ROUNDS


@pytest.mark.parametrize("pid", [1, 0, -1, 2**31, "own"])
def test_a_pid_that_stands_in_the_file_decides_nothing(tmp_path: Path, pid: int | str) -> None:
    path = tmp_path / "loop.lock"
    path.write_text(json.dumps({"pid": os.getpid() if pid == "own" else pid}))
    with LoopLock(path):
        assert json.loads(path.read_text()) == {"pid": os.getpid()}


def test_of_two_whole_loops_started_together_one_runs_and_the_other_exits_five_naming_it(place: Place) -> None:
    place.init()
    command = [sys.executable, "-m", "forge_loop", "run", "-C", str(place.project), "--state-dir", str(place.state)]
    fired = 0
    for _ in range(PAIRS):
        loops = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            loser = first_to_end(loops)
            winner = next(loop for loop in loops if loop is not loser)
            _, complaint = loser.communicate(timeout=WAIT)
            assert loser.returncode == 5, complaint
            assert f'"pid": {winner.pid}' in complaint
            assert winner.poll() is None
            fired += 1
            winner.send_signal(signal.SIGTERM)
            _, complaint = winner.communicate(timeout=WAIT)
            assert winner.returncode == 0, complaint
        finally:
            for loop in loops:
                loop.kill()
                loop.communicate(timeout=WAIT)
    print(f"F10: {fired} pairs of whole loops")
    assert fired == PAIRS


def first_to_end(loops: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    descriptors = {os.pidfd_open(loop.pid): loop for loop in loops}
    try:
        ready, _, _ = select.select(list(descriptors), [], [], WAIT)
        assert ready, "both loops run"
        return descriptors[ready[0]]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
