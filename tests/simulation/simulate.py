"""Run seeds, alone or by the thousand, and say what really happened in them.

Owns: one seed's outcome, the command line behind `scripts/simulate`. Must not: know a guarantee.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simulation.invariants import Violation
from simulation.world import World

MEMORY = Path("/dev/shm")
PROCESSES = 2
TAIL = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """`violation` is empty where every guarantee held. `counts` says what fired, `trace` what happened in order."""

    seed: int
    violation: str
    counts: Counter[str]
    trace: tuple[str, ...]

    def replay(self) -> str:
        return f"seed {self.seed}: {self.violation}\n  scripts/simulate --seed {self.seed} --verbose"


def run_seed(seed: int, *, verbose: bool = False) -> Outcome:
    """One world from its first tick to its rest."""
    place = str(MEMORY) if MEMORY.is_dir() else None
    violation = ""
    with tempfile.TemporaryDirectory(dir=place, prefix="simulation-") as root:
        world = World(seed, Path(root) / "world", say=print if verbose else None)
        try:
            world.run()
        except Violation as found:
            violation = str(found)
    return Outcome(seed=seed, violation=violation, counts=world.counts(), trace=tuple(world.trace))


def run_quietly(seed: int) -> Outcome:
    """For a pool: the trace stays behind unless it is needed."""
    outcome = run_seed(seed)
    kept = outcome.trace[-TAIL:] if outcome.violation else ()
    return Outcome(seed=seed, violation=outcome.violation, counts=outcome.counts, trace=kept)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one")
    parser.add_argument("--seeds", type=int, default=200, help="run so many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--verbose", action="store_true", help="with --seed: print everything that happens")
    given = parser.parse_args(words)
    if given.seed is not None:
        return _report([run_seed(given.seed, verbose=given.verbose)], 1)
    seeds = range(given.first, given.first + given.seeds)
    with ProcessPoolExecutor(PROCESSES) as pool:
        return _report(pool.map(run_quietly, seeds, chunksize=8), len(seeds))


def _report(outcomes: Iterable[Outcome], many: int) -> int:
    counts: Counter[str] = Counter()
    bad = 0
    for outcome in outcomes:
        counts.update(outcome.counts)
        if outcome.violation:
            bad += 1
            print("\n".join(f"    {line}" for line in outcome.trace[-TAIL:]))
            print(outcome.replay(), flush=True)
    width = max(map(len, counts), default=0)
    for name, count in sorted(counts.items()):
        print(f"  {name:{width}}  {count}")
    print(f"{many} seeds, {bad} violations")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
