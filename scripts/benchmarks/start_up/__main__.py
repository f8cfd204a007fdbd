"""`scripts/bench start_up`: see `--help`."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import benchmarks.start_up
from benchmarks.machine import describe

DOCUMENT = Path(__file__).parents[3] / "docs" / "benchmarks.md"
BEGIN = "<!-- start_up: scripts/bench start_up --write -->\n"
END = "<!-- end of start_up -->\n"
NOTHING, CLICK = "`python -c pass`", "`python -c 'import click'`"
COMMANDS = ("--version", "status --short", "status", "explain 1", "attempts", "events", "queue list")


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench start_up", description=benchmarks.start_up.__doc__)
    words.add_argument("--rounds", type=int, default=30, help="interleaved rounds (default 30)")
    words.add_argument("--directory", type=Path, help="where to work (default: the directory for temporary files)")
    words.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory, prefix="bench") as place:
        project, environ = _project(Path(place))
        lines = {NOTHING: ["-c", "pass"], CLICK: ["-c", "import click"]}
        lines |= {f"`forge-loop {each}`": ["-m", "forge_loop", *each.split()] for each in COMMANDS}
        seen: dict[str, list[float]] = {name: [] for name in lines}
        for name, line in lines.items():
            print(name, file=sys.stderr)
            _cpu(line, project, environ)  # its bytecode is written by now
        for _ in range(given.rounds):
            for name, line in lines.items():
                seen[name].append(_cpu(line, project, environ))
        about = f"{describe(Path(place))}; medians of {given.rounds} rounds.\n"
    heading = "| command | ms of CPU | times as much as nothing |\n| --- | --: | --: |\n"
    text = f"{about}\n{heading}" + "".join(f"{_row(name, seen)}\n" for name in lines)
    print(text)
    if given.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def _row(name: str, seen: Mapping[str, list[float]]) -> str:
    ratios = [taken / nothing for taken, nothing in zip(seen[name], seen[NOTHING], strict=True)]
    return f"| {name} | {statistics.median(seen[name]) * 1000:,.0f} | {statistics.median(ratios):.1f} |"


def _project(place: Path) -> tuple[Path, dict[str, str]]:
    """A project with one approved issue and a state, and the environment of whoever asks about it."""
    project, home = place / "project", place / "home"
    project.mkdir()
    home.mkdir()
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    # Bytecode is kept, as it is for what is installed, though not beside the sources.
    environ = {**keep, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPYCACHEPREFIX": str(place / "bytecode")}
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    _run([*git, "init", "-q", "-b", "main"], project, environ)
    _run([*git, "commit", "-q", "--allow-empty", "-m", "begin"], project, environ)
    _run([sys.executable, "-m", "forge_loop", "init", "--yes"], project, environ)
    _run([sys.executable, "-m", "forge_loop", "issue", "add", "Say hello", "--approve"], project, environ)
    return project, environ


def _run(line: list[str], project: Path, environ: Mapping[str, str]) -> None:
    subprocess.run(line, cwd=project, env=environ, capture_output=True, check=True, timeout=60)


def _cpu(line: list[str], project: Path, environ: Mapping[str, str]) -> float:
    """Seconds of CPU, those of the git that it asks among them. `status` exits 3 where no loop runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *line], cwd=project, env=environ, capture_output=True, check=False, timeout=60
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 3), done.stderr.decode(errors="replace")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
