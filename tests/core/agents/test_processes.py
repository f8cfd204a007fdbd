from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from forge_loop.agents.processes import (
    ancestors,
    descendants,
    end_all,
    find,
    in_session,
    living,
    marked,
    signal_process,
    wait_gone,
)

FOREVER = "while :; do sleep 0.1; done"
Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start shells that say a line once they are ready; all are gone afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(command: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env={"PATH": os.environ["PATH"], **environ},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    for process in started:
        end_all(lambda pid=process.pid: [*in_session(pid), *descendants(pid)], within=5)  # type: ignore[misc]
        process.communicate(timeout=5)


def test_a_process_is_told_from_a_later_one_by_its_start(spawn: Spawn) -> None:
    process = find(spawn(f"echo ready; {FOREVER}").pid)
    assert process is not None
    assert not signal_process(replace(process, started=process.started - 1), signal.SIGKILL)
    assert find(process.pid) == process


def test_a_dead_process_is_not_found_even_as_a_zombie(spawn: Spawn) -> None:
    shell = spawn(f"echo ready; {FOREVER}")
    process = find(shell.pid)
    assert process is not None
    assert signal_process(process, signal.SIGKILL)
    assert wait_gone(process, 5)
    assert find(shell.pid) is None
    assert shell.pid not in [entry.pid for entry in living()]


def test_descendants_are_found_at_every_depth(spawn: Spawn) -> None:
    shell = spawn(f"sh -c 'sh -c \"echo ready; {FOREVER}\" & wait' & wait")
    below = {process.pid for process in descendants(shell.pid)}
    assert len(below) >= 2
    assert shell.pid not in below
    assert all(shell.pid in ancestors(pid) for pid in below)


def test_a_marker_is_compared_as_a_whole_entry(spawn: Spawn) -> None:
    value = uuid.uuid4().hex
    shell = spawn(f"echo ready; {FOREVER}", MARK=value)
    other = spawn(f"echo ready; {FOREVER}", MARK=value + "0", XMARK=value)
    found = {process.pid for process in marked(f"MARK={value}")}
    assert shell.pid in found
    assert other.pid not in found


def test_what_a_marked_process_started_is_found_without_the_marker(spawn: Spawn) -> None:
    value = uuid.uuid4().hex
    shell = spawn(f"env -i PATH=$PATH setsid sh -c 'echo ready; {FOREVER}' & wait", MARK=value)
    found = marked(f"MARK={value}")
    assert len(found) >= 2
    assert {process.session for process in found} > {shell.pid}


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param("sh -c '{}' &", id="plain"),
        pytest.param("setsid sh -c '{}' &", id="new session"),
        pytest.param("(setsid sh -c '{}' &) &", id="double fork"),
        pytest.param("sh -c 'trap \"\" TERM HUP INT; {}' &", id="ignores TERM"),
        pytest.param("setsid sh -c 'exec <&- >&- 2>&-; {}' &", id="closed descriptors"),
        pytest.param("setsid sh -c 'kill -STOP $$; {}' &", id="stopped"),
    ],
)
def test_every_kind_of_stray_is_ended_by_its_marker(stray: str, spawn: Spawn) -> None:
    value = uuid.uuid4().hex
    entry = f"MARK={value}"
    shell = spawn(f"{stray.format(FOREVER)} echo ready", MARK=value)
    shell.wait(5)
    assert end_all(lambda: marked(entry), within=5) >= 1
    assert marked(entry) == []


def test_an_orphan_of_a_subreaper_is_found_by_parentage() -> None:
    program = (
        "import os, subprocess, sys\n"
        "from forge_loop.agents.processes import adopt_orphans, descendants, end_all, reap_adopted\n"
        "adopt_orphans()\n"
        f"subprocess.run(['/bin/sh', '-c', 'env -i setsid /bin/sh -c \"{FOREVER}\" >/dev/null 2>&1 &'])\n"
        "print(end_all(lambda: descendants(os.getpid()), within=5) >= 1, descendants(os.getpid()))\n"
        "reap_adopted()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.split() == ["True", "[]"]


def test_a_process_asks_to_die_with_its_parent(spawn: Spawn) -> None:
    program = (
        "import os, signal, sys\n"
        "from forge_loop.agents.processes import die_with_parent\n"
        "die_with_parent(int(sys.argv[1]))\n"
        "print('alive')\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, str(os.getpid())], capture_output=True, text=True, timeout=20, check=False
    )
    assert (child.returncode, child.stdout) == (0, "alive\n")
    orphan = subprocess.run([sys.executable, "-c", program, "1"], capture_output=True, timeout=20, check=False)
    assert orphan.returncode == -signal.SIGTERM
