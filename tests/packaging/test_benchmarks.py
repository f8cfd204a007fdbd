"""The benchmarks run, and what they compare with stays out of the product."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.tree import ROOT

BENCHMARKS = ROOT / "scripts" / "benchmarks"
NAMES = sorted(path.parent.name for path in BENCHMARKS.glob("*/__main__.py"))


def benchmark(*words: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words, "--directory", str(directory)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}/scripts:{ROOT}/tests"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_the_queue_is_measured_next_to_bare_statements(tmp_path: Path) -> None:
    contenders = ["SQLiteQueue", "sqlite3, its statements", "append + fsync"]
    words = ["--jobs", "20", "--rounds", "1", "--measures", "alone", "batch", "producers", "mixed", "--depths"]
    said = benchmark("benchmarks.queue", *words, "--only", *contenders, directory=tmp_path)
    assert said.returncode == 0, said.stderr
    rows = [line.split(" | ") for line in said.stdout.splitlines() if line.startswith("| SQLiteQueue |")]
    (rates, _, waiting) = rows
    assert [float(cell.strip(" |").replace(",", "")) > 0 for cell in rates[2:]] == [True] * 5
    assert waiting[-1] == "0 |"  # none was given twice
    assert list(tmp_path.iterdir()) == []


def test_starting_a_command_is_measured_next_to_a_python_that_does_nothing(tmp_path: Path) -> None:
    said = benchmark("benchmarks.start_up", "--rounds", "1", directory=tmp_path)
    assert said.returncode == 0, said.stderr
    rows = {
        cells[0]: cells[1:] for line in said.stdout.splitlines() if len(cells := line.strip("| ").split(" | ")) == 3
    }
    assert rows["`python -c pass`"][1] == "1.0"
    assert float(rows["`forge-loop explain 1`"][1]) > 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_sinks_cost_the_loop_less_than_a_fiftieth_of_its_own_cpu(tmp_path: Path) -> None:
    said = benchmark("benchmarks.sinks", "--issues", "4", "--rounds", "3", "--idle", "0", directory=tmp_path)
    assert said.returncode == 0, said.stderr
    rows = {cells[0]: cells for cells in (line.strip("| ").split(" | ") for line in said.stdout.splitlines()) if cells}
    assert float(rows["all in one loop"][2].rstrip("%")) < 2.0, said.stdout
    assert list(tmp_path.iterdir()) == []


def test_every_benchmark_has_its_part_of_the_document() -> None:
    document = (ROOT / "docs" / "benchmarks.md").read_text()
    assert [name for name in NAMES if f"<!-- {name}: scripts/bench {name} --write -->" not in document] == []


def test_an_unknown_benchmark_is_told_what_there_is() -> None:
    said = subprocess.run(
        [ROOT / "scripts" / "bench", "kueue"], capture_output=True, text=True, timeout=20, check=False
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert all(name in said.stderr for name in NAMES)


def test_what_the_benchmarks_compare_with_is_not_in_the_lock() -> None:
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    peers = {line.partition("==")[0] for path in BENCHMARKS.glob("*/peers.txt") for line in path.read_text().split()}
    assert peers
    assert peers & locked == set()
