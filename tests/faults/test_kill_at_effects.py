"""F1: kill -9 before the act, after the act and after the record of every outside effect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import kill_points

SCENARIOS = ("merged", "revised", "handed over", "conflict")
LEAST_POINTS = {"merged": 21, "revised": 42, "handed over": 21, "conflict": 39}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_any_point_of_any_effect_loses_nothing_and_doubles_nothing(scenario: str) -> None:
    tests = Path(kill_points.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, kill_points.__file__, scenario],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"F1 {scenario}: {result['fired']} kills fired")
    assert result["violations"] == []
    assert result["fired"] >= LEAST_POINTS[scenario]
