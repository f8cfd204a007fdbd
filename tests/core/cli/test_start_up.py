"""What a command loads before it answers. Time differs from machine to machine; what is loaded does not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.command_line import Place

TELL = """
import json, sys
from forge_loop.cli.main import main
main(sys.argv[1:])
print(json.dumps([name for name in sys.modules if name.startswith("forge_loop.")]))
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
    "database.place",
    "database.read_only",
    "domain.dispatch",
    "domain.job_state",
    "domain.models",
    "domain.proposals",
    "domain.reason",
    "domain.review",
    "errors",
    "queue.contract",
    "queue.queue_time",
    "queue.reading",
    "stability",
    "status.short",
}
NEVER_TO_LOOK = {"agents.claude", "agents.hosts", "rehearsal", "runner", "git", "plugins"}


def loaded(place: Place, *words: str) -> set[str]:
    """The modules of core that a command loads, without the packages that hold others."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *words, *(() if words[0].startswith("--") else place.words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = {name.removeprefix("forge_loop.") for name in json.loads(done.stdout.splitlines()[-1])}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def test_the_line_for_a_prompt_loads_nothing_it_does_not_need(place: Place) -> None:
    place.init()
    place.run("pause")
    found = loaded(place, "status", "--short")
    assert (found - FOR_THE_LINE, FOR_THE_LINE - found) == (set(), set())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["status"], ["status", "--json"]])
def test_a_command_that_looks_loads_nothing_that_works(place: Place, words: list[str]) -> None:
    place.init()
    place.run("pause")
    found = loaded(place, *words)
    assert [name for name in found if any(name == each or name.startswith(f"{each}.") for each in NEVER_TO_LOOK)] == []
