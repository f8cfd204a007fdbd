"""The public names of core are pinned, and importing them is cheap."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import forge_loop
from forge_loop import errors, extension
from forge_loop.domain import events
from support.tree import parse, satellite_sources

PINNED = {
    "Command",
    "Event",
    "EventSink",
    "InMemoryQueue",
    "Queue",
    "Recorded",
    "SQLiteQueue",
    "Settings",
    "SinkSetup",
    "__version__",
    "open_queue",
    "status",
}


def error_names() -> set[str]:
    return {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}


def imported_from_extension(tree: ast.Module) -> set[str]:
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "forge_loop.extension"
        for alias in node.names
    }


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    return set(json.loads(done.stdout))


def test_the_public_names_are_these_the_events_and_the_errors() -> None:
    assert set(forge_loop.__all__) == PINNED | {kind.__name__ for kind in events.KINDS} | error_names()


def test_every_public_name_can_be_had() -> None:
    assert [name for name in forge_loop.__all__ if not hasattr(forge_loop, name)] == []


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    assert not hasattr(forge_loop, "asdict")


def test_importing_the_package_loads_none_of_its_parts() -> None:
    loaded = modules_after("import forge_loop")
    assert {name for name in loaded if name.startswith("forge_loop.")} == set()


def test_the_queue_is_had_without_the_sdk_the_command_line_or_a_satellite() -> None:
    loaded = modules_after("from forge_loop import SQLiteQueue, LeaseLost")
    assert {name.partition(".")[0] for name in loaded} & {
        "claude_agent_sdk",
        "click",
        "rich",
        "yaml",
        "asyncio",
    } == set()
    assert "forge_loop.cli" not in loaded


def test_nothing_is_offered_to_satellites_that_no_satellite_uses() -> None:
    used = {name for path in satellite_sources() for name in imported_from_extension(parse(path))}
    assert set(extension.__all__) - used == set()


def test_every_name_offered_to_satellites_can_be_had() -> None:
    assert [name for name in extension.__all__ if not hasattr(extension, name)] == []
    assert sorted(extension.__all__) == sorted(extension._HOMES)


def test_the_extension_rule_reads_imports() -> None:
    tree = ast.parse("from forge_loop.extension import Tick, Brief as B")
    assert imported_from_extension(tree) == {"Tick", "Brief"}
