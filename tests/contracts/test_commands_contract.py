"""What every implementation of the Commands port must do."""

from __future__ import annotations

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_loop.agents.commands import KEPT_LINES, LocalCommands
from forge_loop.agents.sandbox import Sandbox
from forge_loop.ports import Commands
from support.sandboxes import confined, needs_bubblewrap
from support.strays import alive

FOREVER = "while :; do sleep 0.1; done"


@pytest.fixture(params=["open", pytest.param("sandbox", marks=needs_bubblewrap)])
def commands(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox | None) -> Commands:
    environ = {
        "PATH": os.environ["PATH"],
        "ANTHROPIC_API_KEY": "planted",
        "GH_TOKEN": "planted-token",
        "FORGE_LOOP_ID": "another",
    }
    return LocalCommands(
        loop_id="contract",
        environ=environ,
        scratch=tmp_path / "scratch",
        sandbox=sandbox if request.param == "sandbox" else None,
    )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox | None:
    return confined(tmp_path_factory.mktemp("loop") / "state").sandbox


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / "place"
    directory.mkdir()
    return directory


def test_a_command_that_succeeds_passes(commands: Commands, place: Path) -> None:
    result = commands.run("echo out; echo err >&2", directory=place, timeout=10)
    assert (result.status, result.passed, result.output) == (0, True, "out\nerr")
    assert result.seconds > 0


def test_a_command_that_fails_says_how(commands: Commands, place: Path) -> None:
    result = commands.run("echo why; exit 3", directory=place, timeout=10)
    assert (result.status, result.passed, result.output) == (3, False, "why")


def test_a_command_runs_in_its_directory(commands: Commands, place: Path) -> None:
    assert commands.run("pwd", directory=place, timeout=10).output == str(place)


def test_a_command_past_its_time_has_no_status_but_its_output(commands: Commands, place: Path) -> None:
    began = time.monotonic()
    result = commands.run(f"trap '' TERM; echo begun; {FOREVER}", directory=place, timeout=0.5)
    assert (result.status, result.passed, result.output) == (None, False, "begun")
    assert time.monotonic() - began < 10


def test_only_the_last_lines_are_kept(commands: Commands, place: Path) -> None:
    lines = commands.run("seq 1 100000", directory=place, timeout=10).output.splitlines()
    assert len(lines) == KEPT_LINES
    assert lines[-1] == "100000"


def test_output_without_lines_is_bounded(commands: Commands, place: Path) -> None:
    result = commands.run("head -c 3000000 /dev/zero | tr '\\0' x", directory=place, timeout=10)
    assert 0 < len(result.output) <= 1 << 20


def test_output_that_is_not_text_is_shown_all_the_same(commands: Commands, place: Path) -> None:
    assert "ok" in commands.run("printf '\\377ok'", directory=place, timeout=10).output


@pytest.mark.parametrize("start", ["", "setsid ", "setsid env -i PATH=$PATH "])
@pytest.mark.parametrize(("after", "timeout"), [("true", 10.0), (FOREVER, 1.0)], ids=["done", "timed out"])
def test_no_process_of_a_command_is_left(
    start: str, after: str, timeout: float, commands: Commands, place: Path
) -> None:
    token = f"stray-{uuid.uuid4()}"
    stray = f"{start} sh -c 'echo > begun; : {token}; {FOREVER}' & while [ ! -s begun ]; do :; done"
    assert commands.run(f"{stray}; {after}", directory=place, timeout=timeout).passed == (after == "true")
    assert (place / "begun").exists()
    assert alive(token) == []


def test_a_child_that_holds_the_pipe_does_not_hold_the_command(commands: Commands, place: Path) -> None:
    began = time.monotonic()
    assert commands.run(f"({FOREVER}) & echo done", directory=place, timeout=30).output == "done"
    assert time.monotonic() - began < 10


def test_a_command_sees_no_credential(commands: Commands, place: Path) -> None:
    seen = commands.run("env", directory=place, timeout=10).output
    assert "PATH=" in seen
    assert "planted" not in seen


def test_home_and_tmp_are_private_and_gone_afterwards(commands: Commands, place: Path) -> None:
    result = commands.run('touch "$HOME/a" "$TMPDIR/b" && echo "$HOME" "$TMPDIR"', directory=place, timeout=10)
    assert result.passed
    assert [Path(name).exists() for name in result.output.split()] == [False, False]


def test_a_missing_directory_is_a_failure_and_no_crash(commands: Commands, place: Path) -> None:
    result = commands.run("true", directory=place / "absent", timeout=10)
    assert not result.passed
    assert "absent" in result.output


def test_a_command_reads_nothing_from_the_loops_terminal(commands: Commands, place: Path) -> None:
    assert commands.run("cat; echo end", directory=place, timeout=10).output == "end"


def test_closing_ends_what_runs_and_leaves_nothing_of_it(commands: Commands, place: Path) -> None:
    token = f"stray-{uuid.uuid4()}"
    with ThreadPoolExecutor(2) as threads:
        under_way = [
            threads.submit(
                commands.run, f"echo > {name}; : {token}; trap '' TERM; {FOREVER}", directory=place, timeout=60
            )
            for name in ("one", "two")
        ]
        deadline = time.monotonic() + 30
        while not all((place / name).exists() and (place / name).read_text() for name in ("one", "two")):
            assert time.monotonic() < deadline
        began = time.monotonic()
        commands.close()
        assert [one.result(30).status for one in under_way] == [None, None]
        assert time.monotonic() - began < 10
    assert alive(token) == []


def test_a_variable_that_is_named_is_given_and_its_value_is_not_shown(commands: Commands, place: Path) -> None:
    said = "echo $GH_TOKEN; test $GH_TOKEN = planted-token && echo same; env | grep -c ANTHROPIC"
    result = commands.run(said, directory=place, timeout=10, passing=("GH_TOKEN", "NOT_SET"))
    assert result.output == "[GH_TOKEN]\nsame\n0"


def test_a_named_variable_cannot_take_the_markers_away(commands: Commands, place: Path) -> None:
    result = commands.run("echo $FORGE_LOOP_ID", directory=place, timeout=10, passing=("FORGE_LOOP_ID",))
    assert result.output == "contract"


def test_a_command_that_is_not_confined_sees_what_lies_outside(commands: Commands, place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("seen")
    result = commands.run(f"cat {outside}", directory=place, timeout=10, confined=False)
    assert result.output == "seen"
