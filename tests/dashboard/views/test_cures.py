"""Nobody is told why an issue does not run without being told what lifts it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import forge_loop.domain
from forge_loop.domain.job import JobState
from forge_loop_dashboard.views.cures import cure

# What holds up a merge is said by the gate of a job that is under way, never by `explain`.
OF_THE_GATE = {"manual", "no_evidence", "withheld"}


def codes() -> set[str]:
    sources = [path.read_text() for path in Path(str(forge_loop.domain.__file__)).parent.glob("*.py")]
    return {code for text in sources for code in re.findall(r'Reason\(\s*code="([a-z_]+)"', text)}


def test_every_reason_that_can_be_given_comes_with_what_lifts_it() -> None:
    assert len(codes()) > 20
    assert {code for code in codes() - OF_THE_GATE if cure(code, 4) is None} == set()


@pytest.mark.parametrize("state", [state for state in JobState if not state.active and state is not JobState.MERGED])
def test_every_state_in_which_nothing_moves_comes_with_what_lifts_it(state: JobState) -> None:
    for code in (str(state), f"was_{state}"):
        assert cure(code, 4) is not None


def test_a_command_names_the_issue_and_what_moves_needs_no_cure() -> None:
    found = cure("not_approved", 4)
    assert found is not None
    assert found.command == "forge-loop issue approve 4"
    assert cure("working", 4) is None
    assert cure("merged", 4) is None
