"""What a command loads before it answers. Time differs from machine to machine; what is loaded does not."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

from support.command_line import Place

TELL = """
import json, sys
from forge_loop.cli.main import main
main(sys.argv[1:])
print(json.dumps(list(sys.modules)))
"""

# A prompt shows `status --short` again and again. Each module here is needed to find the state or to say the line.
FOR_THE_LINE = {
    "agents.processes",
    "cli.ages",
    "cli.catalogue",
    "cli.failure",
    "cli.invocation",
    "cli.main",
    "cli.options",
    "cli.output",
    "cli.project",
    "cli.status",
    "config.keys",
    "config.layers",
    "config.layout",
    "config.load",
    "config.model",
    "config.nodes",
    "config.paths",
    "config.quantities",
    "config.rules",
    "config.strict_yaml",
    "config.values",
    "database.connection",
    "database.faults",
    "database.migration",
    "database.place",
    "database.read_only",
    "domain.dispatch",
    "domain.job_state",
    "domain.models",
    "domain.reason",
    "domain.severity",
    "errors",
    "lazy",
    "queue.depth",
    "queue.places",
    "queue.queue_time",
    "stability",
    "status.short",
    "status.version",
    "store.versions",
}
# What makes things happen, and the libraries that it needs. To read what happened takes none of them.
MAKES = (
    "forge_loop.agents.claude",
    "forge_loop.agents.commands",
    "forge_loop.agents.hosts",
    "forge_loop.agents.sandbox",
    "forge_loop.bootstrap.wiring",
    "forge_loop.database.file",
    "forge_loop.domain.events",
    "forge_loop.forge.github",
    "forge_loop.forge.local.code_host",
    "forge_loop.git.control",
    "forge_loop.git.workspaces",
    "forge_loop.plugins",
    "forge_loop.ports",
    "forge_loop.queue.sqlite",
    "forge_loop.rehearsal",
    "forge_loop.runner",
    "asyncio",
    "claude_agent_sdk",
    "httpx2",
    "importlib.metadata",
    "rich",
    "ssl",
)
LOOKS = (
    "--help",
    "status",
    "status --json",
    "explain 1",
    "attempts",
    "attempts 1",
    "events",
    "logs 1",
    "critic 1",
    "queue list",
    "queue dead",
    "issue list",
    "issue show 1",
    "maintenance list",
    "config show",
)


def loaded(place: Place, *words: str) -> set[str]:
    """The modules that a command loads."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *words, *(() if words[0].startswith("--") else place.words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def own(modules: set[str]) -> set[str]:
    """Those of core, without the packages that hold others."""
    names = {name.removeprefix("forge_loop.") for name in modules if name.startswith("forge_loop.")}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def test_the_line_for_a_prompt_loads_nothing_it_does_not_need(place: Place) -> None:
    place.init()
    place.run("pause")
    found = own(loaded(place, "status", "--short"))
    assert (found - FOR_THE_LINE, FOR_THE_LINE - found) == (set(), set())


def test_reading_what_happened_loads_nothing_that_makes_it_happen(place: Place) -> None:
    place.init()
    place.tracker.add("Say hello", "please")
    place.run("pause")
    found = {words: loaded(place, *words.split()) for words in LOOKS}
    assert {words: had for words in LOOKS if (had := [name for name in MAKES if name in found[words]])} == {}


def test_what_makes_things_happen_is_called_by_its_names() -> None:
    assert [name for name in MAKES if find_spec(name) is None] == []
