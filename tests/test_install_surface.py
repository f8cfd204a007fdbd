"""What an install gives and what it does not: really built wheels in really clean environments.

`uvicorn`, `starlette` and `opentelemetry` (its API) come with `mcp`, which the agent SDK needs, so their absence cannot
be asked for. What is asked for is that core's own source imports none of them.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.rehearsal.model import ScriptedModel
from forge_loop.stability import CORE, META, SATELLITES, Distribution
from support import import_audit, shapes
from support.repositories import commit, git
from support.scripted import by_report, critic, worker
from support.shapes import Place
from support.tree import PACKAGES

pytestmark = pytest.mark.xdist_group("installs")

CORE_REQUIRES = {"claude-agent-sdk", "click", "httpx2", "pyyaml", "rich"}
NEVER_REQUIRED = re.compile(r"fastapi|uvicorn|jinja2|prometheus-client|opentelemetry-.*|redis|duckdb")
ABSENT = ["fastapi", "jinja2", "prometheus_client", "opentelemetry.sdk", "redis", "duckdb"]
REMOVED = re.compile(r"redis|cluster|election|leader|budget", re.IGNORECASE)
SINKS = [(name, each) for each in SATELLITES for name in each.sinks]
COMMANDS = [(name, each) for each in SATELLITES for name in each.commands]

THERE = """
import importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(json.dumps([name for name in {names!r} if there(name)]))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes.build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Place:
    """`pip install forge-loop`."""
    return shapes.install(tmp_path_factory.mktemp("installed") / "default", dist, META.name)


@pytest.fixture(scope="module")
def experimental(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Place:
    """`pip install 'forge-loop[experimental]'`."""
    return shapes.install(tmp_path_factory.mktemp("installed") / "all", dist, "forge-loop[experimental]")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> tuple[Place, Path]:
    """The default install, each of whose Python processes refuses what is not its business, and the log of that."""
    root = tmp_path_factory.mktemp("installed")
    place = shapes.install(root / "audited", dist, META.name)
    packages = [each.package for each in SATELLITES]
    import_audit.put_in(place.site, root / "log", everywhere=[*import_audit.EVERYWHERE, *packages])
    return place, root / "log"


def importable(place: Place, names: Iterable[str]) -> set[str]:
    said = place.python(THERE.format(names=list(names)))
    assert said.status == 0, said.stderr
    return set(json.loads(said.stdout))


def required(requirements: Iterable[str] | None) -> set[str]:
    """The distributions that are required outright, extras aside."""
    mandatory = [line for line in requirements or () if "extra ==" not in line]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in mandatory}


def forbidden(requirements: Iterable[str] | None) -> set[str]:
    return {name for name in required(requirements) if NEVER_REQUIRED.fullmatch(name)}


def wheel(dist: Path, name: str) -> zipfile.ZipFile:
    (found,) = dist.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    return zipfile.ZipFile(found)


def imported_roots(source: str) -> set[str]:
    """The top-level packages that a source imports anywhere, inside functions too."""
    roots = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            roots.add(node.module.partition(".")[0])
    return roots


def test_core_requires_exactly_its_short_list(default: Place) -> None:
    assert required(default.distribution(CORE.name).requires) == CORE_REQUIRES


def test_meta_requires_core_and_nothing_else(default: Place) -> None:
    assert required(default.distribution(META.name).requires) == {CORE.name}


@pytest.mark.parametrize("name", [META.name, CORE.name])
def test_nothing_of_the_experimental_stack_is_required(default: Place, name: str) -> None:
    assert forbidden(default.distribution(name).requires) == set()


def test_this_guard_bites_when_core_is_given_fastapi(tmp_path: Path, dist: Path) -> None:
    copy = tmp_path / "forge-loop-core"
    shutil.copytree(PACKAGES / CORE.name, copy)
    project = copy / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace("dependencies = [", 'dependencies = [\n    "fastapi>=0.100",', 1))
    built = tmp_path / "dist"
    words = ["build", "--quiet", "--wheel", "--no-sources", "--out-dir", str(built), str(copy)]
    done = shapes.ask_uv(words, dist=dist, variables=shapes.clean_variables(tmp_path / "home"), cwd=tmp_path)
    assert done.status == 0, done.stderr
    with wheel(built, CORE.name) as archive:
        (info,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(info).decode().splitlines()
    requires = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    assert forbidden(requires) == {"fastapi"}
    assert required(requires) != CORE_REQUIRES


def test_the_default_install_cannot_import_the_experimental_stack(default: Place) -> None:
    assert importable(default, [*ABSENT, *(each.package for each in SATELLITES)]) == set()


def test_the_default_install_imports_core(default: Place) -> None:
    assert importable(default, [CORE.package]) == {CORE.package}


def test_core_imports_only_what_it_declares(dist: Path) -> None:
    modules = {"claude_agent_sdk", "click", "httpx2", "rich", "yaml"}
    with wheel(dist, CORE.name) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    allowed = set(sys.stdlib_module_names) | modules | {CORE.package}
    assert {name: found for name, text in texts.items() if (found := imported_roots(text) - allowed)} == {}
    assert len(modules) == len(CORE_REQUIRES)


def test_no_wheel_holds_what_was_removed_for_good(dist: Path) -> None:
    held = [name for file in dist.glob("*.whl") for name in zipfile.ZipFile(file).namelist()]
    assert [name for name in held if REMOVED.search(Path(name).name)] == []


def test_a_redis_queue_is_refused_with_a_sentence_that_names_what_to_use(default: Place) -> None:
    said = default.python("import forge_loop; forge_loop.open_queue('redis://localhost')")
    assert said.status == 1
    sentence = said.stderr.splitlines()[-1]
    assert sentence.startswith("forge_loop.errors.")
    assert "SQLiteQueue" in sentence


@pytest.mark.parametrize(("command", "owner"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_satellite_command_in_the_default_install_names_what_to_install(
    default: Place, command: str, owner: Distribution
) -> None:
    said = default.run("forge-loop", command)
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr == (
        f"error: `forge-loop {command}` needs {owner.name}, which is not installed\n"
        f"hint: uv pip install 'forge-loop[experimental]'   (or: uv pip install {owner.name})\n"
    )


@pytest.mark.parametrize(("sink", "owner"), SINKS, ids=[name for name, _ in SINKS])
def test_a_sink_that_the_settings_name_names_what_to_install(
    default: Place, tmp_path: Path, sink: str, owner: Distribution
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, {"README.md": "# Sample\n", "forge-loop.yaml": f"sinks:\n  {sink}: {{url: here}}\n"})
    loop = replace(default, variables={**default.variables, "FORGE_LOOP_STATE_DIR": str(tmp_path / "state")})
    said = loop.run("forge-loop", "run", "--max-ticks", "1", cwd=project)
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr.endswith(
        f"error: `sinks.{sink}` needs {owner.name}, which is not installed\n"
        f"hint: uv pip install 'forge-loop[experimental]'   (or: uv pip install {owner.name})\n"
    )


def test_a_run_with_a_sink_of_a_missing_satellite_does_not_start_and_names_what_to_install(
    default: Place, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, {"forge-loop.yaml": "forge: local\nsinks: {slack: {}}\n"})
    loop = replace(
        default,
        variables={
            **default.variables,
            "CLAUDE_CODE_OAUTH_TOKEN": "scripted",
            "FORGE_LOOP_STATE_DIR": str(tmp_path / "state"),
        },
    )
    said = loop.run("forge-loop", "run", "--until-idle", cwd=project)
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr.endswith(
        "error: `sinks.slack` needs forge-loop-integrations, which is not installed\n"
        "hint: uv pip install 'forge-loop[experimental]'   (or: uv pip install forge-loop-integrations)\n"
    )


@pytest.mark.parametrize(("command", "owner"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_after_everything_is_installed_each_command_is_there_or_says_that_it_is_not_built(
    experimental: Place, command: str, owner: Distribution
) -> None:
    said = experimental.run("forge-loop", command, *(["--help"] if owner.built else []))
    if owner.built:
        assert said.status == 0, said.stderr
    else:
        assert said.status == 2
        assert said.stderr.startswith(f"error: `forge-loop {command}` is not built yet in {owner.name} ")


def test_a_run_merges_on_disk_and_no_process_of_the_loop_asks_for_what_is_not_stable(
    audited: tuple[Place, Path], tmp_path: Path
) -> None:
    place, log = audited
    project, state = tmp_path / "project", tmp_path / "state"
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, {"README.md": "# Sample\n"})
    answers = by_report({"status": worker({"greeting.txt": "hello\n"}), "overall": critic()})
    with ScriptedModel(answers) as model:
        loop = replace(
            place,
            variables={
                **place.variables,
                "ANTHROPIC_BASE_URL": model.url,
                "CLAUDE_CODE_OAUTH_TOKEN": "scripted",
                "FORGE_LOOP_STATE_DIR": str(state),
                "FORGE_LOOP_PO_ENABLED": "false",
                "FORGE_LOOP_CHECKS": "true",
            },
        )
        for words in (
            ["init", "--forge", "local", "--yes"],
            ["issue", "add", "Greet", "--body", "Write hello into greeting.txt.", "--approve"],
            ["run", "--until-idle"],
        ):
            said = loop.run("forge-loop", *words, cwd=project, timeout=100)
            assert said.status == 0, (words, said.stderr)
        assert model.failures == []
    events = [json.loads(line) for line in (state / "events.jsonl").read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {"job.claimed", "job.merged"} <= {event["kind"] for event in events}
    assert git(state / "origin.git", "show", "main:greeting.txt") == "hello"
    with closing(sqlite3.connect(state / "state.db")) as database:
        opened = database.execute("SELECT count(*) FROM queue_clock").fetchone()
        waiting = database.execute("SELECT count(*) FROM queue_jobs").fetchone()
    assert (opened, waiting) == ((1,), (0,))
    seen = import_audit.read(log)
    assert {who for who, _ in seen.processes} == {"own", "host"}
    assert [what for who, what in seen.asked if who == "own" or "redis" in what] == []


def test_the_import_audit_sees_who_asks(audited: tuple[Place, Path]) -> None:
    place, log = audited
    before = len(import_audit.read(log).asked)
    said = place.python("import redis.asyncio")
    assert "redis is refused here" in said.stderr
    assert import_audit.read(log).asked[before:] == [("own", "redis")]


def test_the_console_script_and_the_module_are_one_command_line(default: Place) -> None:
    script, module = default.run("forge-loop", "--version"), default.run("python", "-m", "forge_loop", "--version")
    assert script.status == module.status == 0
    assert script.stdout == module.stdout
    assert default.distribution(CORE.name).version in script.stdout
