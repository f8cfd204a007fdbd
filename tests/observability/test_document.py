"""docs/observability.md says what the code does."""

from __future__ import annotations

import re

import click
import pytest

from forge_loop_observability.metrics.command import command as metrics
from forge_loop_observability.metrics.families import COLLECTOR_ERRORS, COLLECTOR_SECONDS, FAMILIES
from forge_loop_observability.replay.command import command as replay
from support.shipped_metrics import alerts
from support.tree import ROOT

PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """First cell -> the others, of the rows under a heading whose first cell is code."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [re.split(r"(?<!\\) \| ", row.strip("| ")) for row in part.splitlines() if row.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in found}


def test_the_table_of_metrics_is_what_is_exposed() -> None:
    documented = {name: cells for name, cells in rows("Metrics").items() if name.startswith("forge_loop_")}
    exposed = {family.name: [str(family.kind), ", ".join(family.labels) or "-", family.help] for family in FAMILIES}
    assert {name: cells for name, cells in documented.items() if name in exposed} == exposed
    assert set(documented) - set(exposed) == {COLLECTOR_SECONDS, COLLECTOR_ERRORS}


def test_the_table_of_alerts_is_what_ships() -> None:
    assert list(rows("Alerts")) == list(alerts())


@pytest.mark.parametrize(("heading", "group"), [("Metrics", metrics), ("Replay", replay)])
def test_the_table_of_commands_is_what_can_be_typed(heading: str, group: click.Group) -> None:
    typed = [name for name in rows(heading) if name.startswith("forge-loop ")]
    assert {name.split()[2] for name in typed} == set(group.commands)
    for name in typed:
        options = {option for each in group.commands[name.split()[2]].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", name)) <= options
