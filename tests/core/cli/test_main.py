"""The console script: what is listed, what is loaded, how every failure ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from forge_loop import __version__
from forge_loop.cli import catalogue
from forge_loop.cli.main import command_line
from forge_loop.stability import SATELLITES
from support.command_line import Place, run, seed_job

NEVER_EAGER = ("claude_agent_sdk", "rich", "asyncio", "importlib.metadata", *(each.package for each in SATELLITES))


def loaded_by(*words: str) -> set[str]:
    """The modules that a process holds after this command line."""
    code = "import sys; from forge_loop.cli.main import main; main(sys.argv[1:]); print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.splitlines()[-1].split())


def eager(modules: set[str], *names: str) -> list[str]:
    return [name for name in names if name in modules]


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_load_no_command_no_sdk_and_no_satellite(words: list[str]) -> None:
    modules = loaded_by(*words)
    assert eager(modules, *NEVER_EAGER, "yaml", "sqlite3", "forge_loop.plugins", "forge_loop.cli.run") == []


def test_this_test_would_see_an_eager_import() -> None:
    assert eager({"rich", "sys"}, *NEVER_EAGER) == ["rich"]


@pytest.mark.parametrize("name", catalogue.COMMANDS)
def test_every_command_in_the_catalogue_is_there_and_has_help(name: str) -> None:
    said = run(name, "--help")
    assert said.status == 0, said.stderr
    assert said.stdout.startswith(f"Usage: forge-loop {name} ")


def test_help_groups_commands_by_how_far_they_can_be_relied_on() -> None:
    said = run("--help")
    stable, _, experimental = said.stdout.partition("STABLE:")[2].partition("EXPERIMENTAL:")
    assert [line.split()[0] for line in stable.strip().splitlines()] == list(catalogue.COMMANDS)
    assert [line.split()[0] for line in experimental.strip().splitlines()] == [
        name for each in SATELLITES for name in each.commands
    ]


def test_no_words_at_all_show_the_help() -> None:
    assert run().stdout == run("--help").stdout
    assert run().status == 0


def test_a_misspelt_command_names_the_nearest_one() -> None:
    said = run("statu")
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr == "error: there is no command 'statu', did you mean 'status'?\nhint: forge-loop --help\n"


def test_a_wrong_option_is_a_usage_error_with_the_commands_help_as_hint() -> None:
    said = run("status", "--no-such-option")
    assert said.status == 2
    assert said.stderr.endswith("hint: forge-loop status --help\n")


def test_an_operators_error_is_two_lines_on_stderr_and_its_exit_code(place: Place) -> None:
    said = place.run("critic", "4")
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr == "error: #4 has no job yet\nhint: forge-loop explain 4\n"


def test_with_json_an_error_is_a_problem_object_on_stderr(place: Place) -> None:
    said = place.run("critic", "4", "--json")
    assert (said.status, said.stdout) == (2, "")
    assert json.loads(said.stderr) == {
        "schema_version": 1,
        "type": "urn:forge-loop:error:operator",
        "title": "operator",
        "detail": "#4 has no job yet",
        "hint": "forge-loop explain 4",
        "exit_code": 2,
    }


def test_with_json_words_that_cannot_be_read_are_a_problem_object_too() -> None:
    said = run("status", "--json", "--no-such-option")
    assert json.loads(said.stderr)["type"] == "urn:forge-loop:error:usage"


def test_every_problem_of_a_configuration_stands_in_the_problem_object(place: Place) -> None:
    (place.project / "forge-loop.yaml").write_text("forge: gitlab\nbase: 3x: y\n")
    problem = json.loads(place.run("config", "check", "--json").stderr)
    assert problem["type"] == "urn:forge-loop:error:config"
    assert problem["problems"]


def _raise(error: BaseException) -> None:
    raise error


def test_a_bug_says_so_and_keeps_its_traceback_for_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "invoke", lambda _: _raise(ZeroDivisionError("no")))
    short, long = run("version"), run("-v", "version")
    assert short.status == 1
    assert short.stderr.splitlines() == [
        "error: this is a bug in forge-loop: ZeroDivisionError: no",
        "hint: run it again with -v to see where",
    ]
    assert "Traceback" in long.stderr


def test_an_import_error_inside_a_satellite_is_shown_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "invoke", lambda _: _raise(ModuleNotFoundError("No module named 'uvicorn'")))
    said = run("version")
    assert (said.status, said.stderr) == (1, "error: ModuleNotFoundError: No module named 'uvicorn'\n")


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "invoke", lambda _: _raise(KeyboardInterrupt()))
    said = run("version")
    assert (said.status, said.stderr) == (130, "error: interrupted\n")


def test_a_pipe_that_is_closed_early_is_no_error() -> None:
    command = [sys.executable, "-m", "forge_loop", "completion", "zsh"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_shared_options_stand_before_or_after_the_command(place: Place) -> None:
    options = ("-C", str(place.project), "--state-dir", str(place.state))
    before, after = run(*options, "config", "path"), run("config", "path", *options)
    between = run("config", *options, "path")
    assert before.stdout == after.stdout == between.stdout
    assert str(place.state) in before.stdout


def test_the_later_of_two_shared_options_wins(place: Place) -> None:
    said = run("--state-dir", str(place.state), "config", "path", "-C", str(place.project), "--state-dir", "/elsewhere")
    assert "state\t/elsewhere\tnot there" in said.lines


def test_version_says_the_version() -> None:
    assert run("--version").stdout == f"forge-loop {__version__}\n"
    assert run("version", "--json").document["version"] == __version__


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_a_shell_evaluates(shell: str) -> None:
    said = run("completion", shell)
    assert said.status == 0, said.stderr
    assert "_FORGE_LOOP_COMPLETE" in said.stdout


def test_a_shell_that_asks_gets_the_commands_without_loading_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_FORGE_LOOP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "forge-loop st")
    monkeypatch.setenv("COMP_CWORD", "1")
    said = run()
    assert said.stdout.splitlines() == ["plain,status", "plain,stop"]


def in_shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line of sh in which `"$0"` is this Python; stderr is read."""
    return subprocess.run(
        ["sh", "-c", line, sys.executable], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("closed", [">&-", "<&-", "<&- >&-"])
def test_a_stream_that_was_closed_before_the_start_leads_nowhere(closed: str) -> None:
    done = in_shell(f'exec "$0" -m forge_loop version {closed}')
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_takes_the_place_of_a_closed_stdout() -> None:
    code = "import os; from forge_loop.cli.main import main; main(['--version']);"
    code += "os.write(2, os.readlink('/proc/self/fd/1').encode())"
    assert in_shell(f'exec "$0" -c "{code}" >&-').stderr == "/dev/null"


def test_an_answer_that_cannot_be_written_is_a_failure_with_a_sentence() -> None:
    done = in_shell('exec "$0" -m forge_loop version >/dev/full')
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: what was asked for could not be written: No space left on device",
        "hint: make room there, or write it elsewhere",
    ]


@pytest.mark.parametrize(
    ("words", "status"), [(("queue", "requeue"), 2), (("maintenance", "apply"), 2), (("events", "-n"), 0)]
)
def test_a_number_larger_than_any_row_s_is_no_bug(place: Place, words: tuple[str, ...], status: int) -> None:
    place.init()
    seed_job(place)
    said = place.run(*words, str(10**30))
    assert (said.status, "bug" in said.stderr) == (status, False)


@pytest.mark.parametrize("name", ["nowhere", "plain", "file"])
def test_a_project_that_is_none_is_said_in_full_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").write_text("")
    said = run("-C", str(tmp_path / name), "status")
    error, hint = said.stderr.splitlines()
    assert (said.status, str(tmp_path / name) in error) == (2, True)
    assert "-C PATH" in hint


def test_the_help_of_a_group_lists_its_commands_in_full() -> None:
    for name in ("issue", "maintenance", "brief"):
        assert "..." not in run(name, "--help").stdout.partition("Commands:")[2].replace("ID...", "")
    assert "the operator's hand, never" in run("issue", "--help").stdout
