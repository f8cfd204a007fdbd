"""Satellites are looked up by name, loaded on demand, and named with their cure when they are not there."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from forge_loop.errors import MissingDistributionError
from forge_loop.plugins import install_hint, load_command
from forge_loop.stability import DASHBOARD, INTEGRATIONS, SATELLITES, owner_of_command, owner_of_sink
from support.tree import CORE

ENTRY = """
[forge_loop.commands]
dashboard = forge_loop_dashboard.page:command

[forge_loop.event_sinks]
slack = forge_loop_dashboard.page:sink
"""
ASK = """
import sys
sys.path[:0] = {path!r}
from forge_loop import plugins
try:
    print(plugins.{call})
except BaseException as error:
    print(type(error).__name__, error, getattr(error, "hint", None), sep="|")
print("page" if "forge_loop_dashboard.page" in sys.modules else "no page")
"""


def answer(site: Path, call: str) -> list[str]:
    """What `plugins.<call>` says in a process that can import core, click and what is installed in `site`."""
    (site / "click").symlink_to(Path(click.__file__).parent)
    code = ASK.format(path=[str(site), str(CORE.parent)], call=call)
    # -S leaves out this environment's own packages: the satellites of the workspace are among them.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.splitlines()


def satellite(site: Path, page: str, *, entry_points: str = ENTRY, name: str = "forge-loop-dashboard") -> Path:
    """An installed distribution, as an installer would leave it."""
    info = site / f"{name.replace('-', '_')}-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
    (info / "entry_points.txt").write_text(entry_points)
    package = site / "forge_loop_dashboard"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "page.py").write_text(textwrap.dedent(page))
    return site


PAGE = """
    import click
    command = click.Command("dashboard")
    def sink(settings): return None
"""


def test_a_missing_satellite_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    said, page = answer(tmp_path, "load_command('dashboard')")
    assert said == (
        "MissingDistributionError|`forge-loop dashboard` needs forge-loop-dashboard, which is not installed|"
        "uv pip install 'forge-loop[experimental]'   (or: uv pip install forge-loop-dashboard)"
    )
    assert page == "no page"


def test_where_nothing_keeps_a_fleet_there_is_none_and_nothing_is_said(tmp_path: Path) -> None:
    assert answer(tmp_path, "load_fleet()") == ["None", "no page"]


def test_a_sink_of_a_missing_satellite_is_named_in_the_same_words(tmp_path: Path) -> None:
    said, _ = answer(tmp_path, "load_sink('discord')")
    assert said == (
        "MissingDistributionError|`sinks.discord` needs forge-loop-integrations, which is not installed|"
        "uv pip install 'forge-loop[experimental]'   (or: uv pip install forge-loop-integrations)"
    )


def test_in_an_environment_of_uv_tool_the_hint_is_for_uv_tool(tmp_path: Path) -> None:
    assert install_hint(DASHBOARD, tmp_path).startswith("uv pip install")
    (tmp_path / "uv-receipt.toml").touch()
    assert install_hint(DASHBOARD, tmp_path) == "uv tool install 'forge-loop[experimental]'"


def test_the_error_of_a_missing_satellite_is_an_import_error_and_exits_with_2() -> None:
    error = MissingDistributionError("forge-loop dashboard", "forge-loop-dashboard", hint="h")
    assert isinstance(error, ImportError)
    assert error.exit_code == 2


def test_a_command_that_is_registered_is_loaded(tmp_path: Path) -> None:
    said, page = answer(satellite(tmp_path, PAGE), "load_command('dashboard')")
    assert said == "<Command dashboard>"
    assert page == "page"


def test_a_sink_that_is_registered_is_loaded(tmp_path: Path) -> None:
    said, _ = answer(satellite(tmp_path, PAGE), "load_sink('slack')")
    assert said.startswith("<function sink")


def test_asking_for_one_command_loads_no_other_satellite(tmp_path: Path) -> None:
    said, page = answer(satellite(tmp_path, PAGE), "load_command('metrics')")
    assert said.startswith("MissingDistributionError|")
    assert page == "no page"


def test_an_import_error_inside_an_installed_satellite_is_shown_as_itself(tmp_path: Path) -> None:
    said, _ = answer(satellite(tmp_path, "import nothing_of_this_name"), "load_command('dashboard')")
    assert said == "ModuleNotFoundError|No module named 'nothing_of_this_name'|None"


def test_a_satellite_that_is_installed_but_has_no_such_command_yet_says_so(tmp_path: Path) -> None:
    said, _ = answer(satellite(tmp_path, PAGE, entry_points=""), "load_command('dashboard')")
    assert said == "OperatorError|`forge-loop dashboard` is not built yet in forge-loop-dashboard 9.9|"


def test_what_is_registered_as_a_command_must_be_one(tmp_path: Path) -> None:
    said, _ = answer(satellite(tmp_path, "command = 7"), "load_command('dashboard')")
    assert said == "OperatorError|`forge-loop dashboard` is registered as 7, which is not a click command|"


def test_a_name_that_no_satellite_has_is_no_command() -> None:
    assert load_command("no-such-command") is None


def test_a_sink_that_no_satellite_has_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    said, *_ = answer(tmp_path, "load_sink('pigeon')")
    assert said.startswith("ConfigError|the configuration has 1 problem")


@pytest.mark.parametrize("name", ["dashboard", "notify", "metrics", "replay", "repos", "pipeline"])
def test_every_satellite_command_has_one_owner(name: str) -> None:
    assert [each for each in SATELLITES if name in each.commands] == [owner_of_command(name)]


@pytest.mark.parametrize("name", ["slack", "discord", "webhook", "otel"])
def test_every_sink_has_one_owner(name: str) -> None:
    assert [each for each in SATELLITES if name in each.sinks] == [owner_of_sink(name)]


def test_the_owner_of_chat_is_integrations() -> None:
    assert owner_of_sink("slack") is INTEGRATIONS
    assert owner_of_command("run") is None
