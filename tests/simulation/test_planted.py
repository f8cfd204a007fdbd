"""The simulation sees: every bug that is put in on purpose is found, by the guarantee that it breaks."""

from __future__ import annotations

import pytest

from simulation.planted import PLANTED, planted
from simulation.simulate import main, run_seed

WITHIN = 200


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    with planted(name) as bug:
        found = next((found for found in map(run_seed, range(WITHIN)) if bug.caught in found.violation), None)
    assert found is not None, f"{WITHIN} seeds did not find it"


def test_a_seed_that_fails_prints_itself_and_how_to_replay_it(capsys: pytest.CaptureFixture[str]) -> None:
    with planted("a cap lets one more through"):
        assert main(["--seed", "0"]) == 1
    printed = capsys.readouterr().out
    assert "scripts/simulate --seed 0 --verbose" in printed
    assert "1 violations" in printed
