"""`forge-loop maintenance`: what is asked of the loop, and what was proposed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from forge_loop.domain.proposals import ProposalKind, ProposalState
from support.command_line import Place


def propose(place: Place, kind: ProposalKind, state: ProposalState = ProposalState.OPEN) -> None:
    with place.store() as store:
        store.proposals.insert(
            session="s",
            issue=7,
            issue_key="k",
            kind=kind,
            text="src/a.py does it",
            state=state,
            at=datetime(2026, 1, 31, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (("run",), ("maintenance.run", None, {})),
        (("apply", "3", "1", "3"), ("maintenance.apply", None, {"proposals": [3, 1]})),
    ],
)
def test_without_a_loop_it_applies_at_the_next_start(
    place: Place, words: tuple[str, ...], row: tuple[str, int | None, dict[str, object]]
) -> None:
    said = place.run("maintenance", *words)
    assert (said.status, said.stdout) == (0, "no loop is running: it will apply at the next start\n")
    assert place.requests() == [row]


def test_apply_without_a_proposal_is_a_usage_error(place: Place) -> None:
    assert place.run("maintenance", "apply").status == 2


def test_the_list_shows_what_is_open_with_the_command_that_takes_it_further(place: Place) -> None:
    propose(place, ProposalKind.STALE)
    propose(place, ProposalKind.READY)
    propose(place, ProposalKind.DUPLICATE, ProposalState.SUPERSEDED)
    shown = place.run("maintenance", "list").stdout
    assert "forge-loop maintenance apply 1" in shown
    assert "forge-loop issue approve 7" in shown
    assert "duplicate" not in shown
    listed = json.loads(place.run("maintenance", "list", "--json").stdout)
    assert listed["schema_version"] == 1
    assert [(entry["proposal"], entry["kind"]) for entry in listed["proposals"]] == [(1, "stale"), (2, "ready")]
    assert listed["proposals"][0]["at"] == "2026-01-31T00:00:00.000Z"


def test_the_list_of_a_project_that_never_ran_is_empty(place: Place) -> None:
    said = place.run("maintenance", "list", "--json")
    assert json.loads(said.stdout)["proposals"] == []
