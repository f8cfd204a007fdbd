"""`scripts/bench queue`: see `--help`."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import benchmarks.queue
from benchmarks.machine import describe
from benchmarks.queue import measures, report
from benchmarks.queue.contenders import CONTENDERS

_MEASURES = {
    "alone": measures.alone,
    "batch": measures.batch,
    "producers": measures.producers,
    "mixed": measures.mixed,
    "wake-up": measures.wake_up,
}
_DEPTHS = (10, 10_000, 1_000_000)
_OF_EACH_DEPTH = ("SQLiteQueue, normal", "litequeue")
_IDLE_SECONDS = 2


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench queue", description=benchmarks.queue.__doc__)
    words.add_argument("--jobs", type=int, default=1000, help="jobs in each measurement (default 1000)")
    words.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    words.add_argument("--only", nargs="*", choices=[one.name for one in CONTENDERS], help="contenders (default all)")
    words.add_argument("--measures", nargs="*", choices=_MEASURES, default=list(_MEASURES), help="default all")
    words.add_argument("--depths", nargs="*", type=int, default=_DEPTHS, help="jobs ready when a claim is timed")
    words.add_argument("--directory", type=Path, help="where to measure (default: the directory for temporary files)")
    words.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = words.parse_args()
    contenders = [one for one in CONTENDERS if not given.only or one.name in given.only]
    seen = report.Seen()
    for number in range(given.rounds):
        for name in given.measures:
            for contender in contenders:
                print(f"round {number + 1} of {given.rounds}: {name}, {contender.name}", file=sys.stderr)
                with _place(given.directory) as place:
                    size = _IDLE_SECONDS if name == "wake-up" else given.jobs
                    figures = _MEASURES[name](contender, place, size)
                seen.add(contender, figures.rates, figures.delays)
    for depth in given.depths:
        for contender in contenders:
            if contender.name in _OF_EACH_DEPTH:
                print(f"depth {depth:,}, {contender.name}", file=sys.stderr)
                with _place(given.directory) as place:
                    cost = measures.claim_cost(contender, place, depth)
                seen.claims.setdefault(contender.name, {})[depth] = cost
    with _place(given.directory) as place:
        about = f"{describe(place)}; medians of {given.rounds} rounds of {given.jobs:,} jobs.\n"
    text = f"{about}\n{report.tables(seen)}"
    print(text)
    if given.write:
        report.write(text)


@contextmanager
def _place(directory: Path | None) -> Iterator[Path]:
    # Short, since the address of a socket is.
    with tempfile.TemporaryDirectory(dir=directory, prefix="bench") as place:
        yield Path(place)


if __name__ == "__main__":
    main()
