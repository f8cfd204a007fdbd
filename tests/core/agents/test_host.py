"""What ends a host besides its session: the loop going away, in both ways a host can notice."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.agents.environment import SESSION_MARKER
from forge_loop.agents.frames import Finished, Frame, Started, decode, encode_order
from forge_loop.agents.processes import end_all, marked, wait_gone
from forge_loop.domain.session import SessionOutcome
from support.sessions import order

TESTS = Path(__file__).parents[2]

LOOP = """
import sys
from pathlib import Path
from forge_loop.rehearsal.model import use
from support.scripted import play
from support.sessions import Stage, order

stage = Stage()
forever = "while :; do sleep 0.1; done"
daemon = f"setsid sh -c 'echo > begun; {forever}' >/dev/null 2>&1 & read -r x < begun"
shell = play(use("Bash", command=f"mkfifo begun; {daemon}"), use("Bash", command=forever))
placed = stage.start(order(Path(sys.argv[1]), id=sys.argv[2]), shell)
stage.until(lambda: "tool_result" in [entry.kind for entry in stage.activities(placed)])
print("working", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def session() -> Iterator[str]:
    made = str(uuid.uuid4())
    yield made
    end_all(lambda: marked(f"{SESSION_MARKER}={made}"), within=5)


def test_a_killed_loop_takes_its_sessions_with_it(tmp_path: Path, session: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LOOP, str(tmp_path), session],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as loop:
        assert loop.stdout is not None
        assert loop.stdout.readline() == b"working\n"
        left = marked(f"{SESSION_MARKER}={session}")
        assert len(left) >= 3
        loop.kill()
    assert [process for process in left if not wait_gone(process, 20)] == []
    assert marked(f"{SESSION_MARKER}={session}") == []


def frames(output: bytes) -> list[Frame]:
    found = [decode(line) for line in output.splitlines()]
    return [frame for frame in found if frame is not None]


def host(parent: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "forge_loop.agents.host", str(parent)],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_host_whose_lifeline_is_cut_ends_itself(tmp_path: Path, session: str) -> None:
    with host(os.getpid()) as process:
        output, _ = process.communicate(encode_order(order(tmp_path, id=session)), timeout=30)
    started, finished = frames(output)
    assert started == Started(session=session)
    assert isinstance(finished, Finished)
    assert (finished.outcome, finished.detail) == (SessionOutcome.STOPPED, "the loop is gone")


def test_a_host_of_another_parent_does_not_begin(tmp_path: Path, session: str) -> None:
    with host(1) as process:
        output, _ = process.communicate(encode_order(order(tmp_path, id=session)), timeout=30)
    assert (output, process.returncode) == (b"", -15)
