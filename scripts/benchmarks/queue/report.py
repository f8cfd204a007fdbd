"""The figures of a run as tables.

Owns: what is written in docs/benchmarks.md between the marks, and how a ratio is formed. Must not: measure.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.queue.contender import Contender
from benchmarks.queue.contenders import CONTENDERS, OURS

DOCUMENT = Path(__file__).parents[3] / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- queue: scripts/bench queue --write -->\n", "<!-- end of queue -->\n"
_TWICE, _IDLE = "given twice", "idle, % of a CPU"


@dataclass(slots=True)
class Seen:
    """What was measured so far, by contender: figures by name, a list of one each round."""

    rates: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    delays: dict[str, list[float]] = field(default_factory=dict)
    claims: dict[str, dict[int, float]] = field(default_factory=dict)

    def add(self, contender: Contender, rates: dict[str, float], delays: Iterable[float]) -> None:
        mine = self.rates.setdefault(contender.name, {})
        for what, figure in rates.items():
            mine.setdefault(what, []).append(figure)
        self.delays.setdefault(contender.name, []).extend(delays)

    def median(self, contender: Contender, what: str) -> float | None:
        figures = self.rates.get(contender.name, {}).get(what)
        return statistics.median(figures) if figures else None


def tables(seen: Seen) -> str:
    measured = [contender for contender in CONTENDERS if contender.name in seen.rates]
    whats = list(dict.fromkeys(what for rates in seen.rates.values() for what in rates))
    rates = [what for what in whats if what not in (_TWICE, _IDLE)]
    parts = [
        "Jobs per second:\n",
        _table(["", "on disk when a push returns", *rates], [_row(seen, one, rates) for one in measured]),
        f"How many times as fast {OURS} is, above those that are durable when they return:\n",
        _table(["durable when it returns", *rates], [_ratios(seen, one, rates) for one in measured if one.durable]),
        f"and {OURS}, normal, above those that are not:\n",
        _table(["not durable", *rates], [_ratios(seen, one, rates) for one in measured if not one.durable]),
        "Waiting, and jobs given to two consumers:\n",
        _table(
            ["", "wake-up p50, ms", "wake-up p99, ms", _IDLE, f"{_TWICE}, each round"],
            [_waiting(seen, one) for one in measured if not one.only_pushes],
        ),
    ]
    if seen.claims:
        depths = sorted({depth for costs in seen.claims.values() for depth in costs})
        parts += [
            "Microseconds of a claim, median, with so many jobs ready:\n",
            _table(
                ["", *(f"{depth:,}" for depth in depths), f"{depths[-1]:,} : {depths[0]:,}"],
                [_costs(name, costs, depths) for name, costs in seen.claims.items()],
            ),
        ]
    return "\n".join(parts)


def write(text: str) -> None:
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    DOCUMENT.write_text(f"{before}{_BEGIN}{text}{_END}{after}")


def _row(seen: Seen, contender: Contender, whats: Sequence[str]) -> list[str]:
    figures = [seen.median(contender, what) for what in whats]
    return [contender.name, contender.on_disk, *("-" if figure is None else f"{figure:,.0f}" for figure in figures)]


def _ratios(seen: Seen, contender: Contender, whats: Sequence[str]) -> list[str]:
    """Each round's ratio on its own, and their median: what slows a whole round down then falls out."""
    reference = next(one for one in CONTENDERS if one.durable == contender.durable and one.name.startswith(OURS))
    cells = []
    for what in whats:
        ours = seen.rates.get(reference.name, {}).get(what, [])
        theirs = seen.rates[contender.name].get(what, [])
        ratios = [one / other for one, other in zip(ours, theirs, strict=False)]
        cells.append(f"{statistics.median(ratios):.2f}" if ratios and contender is not reference else "-")
    return [contender.name + (" (a claim deletes)" if contender.lost_with_consumer else ""), *cells]


def _waiting(seen: Seen, contender: Contender) -> list[str]:
    delays = sorted(seen.delays[contender.name])
    idle = seen.median(contender, _IDLE)
    twice = seen.rates[contender.name].get(_TWICE, [])
    cells = [f"{delays[len(delays) // 2]:.1f}", f"{delays[len(delays) * 99 // 100]:.1f}"] if delays else ["-", "-"]
    return [
        contender.name,
        *cells,
        "-" if idle is None else f"{idle:.1f}",
        ", ".join(f"{figure:.0f}" for figure in twice) or "-",
    ]


def _costs(name: str, costs: dict[int, float], depths: Sequence[int]) -> list[str]:
    cells = [f"{costs[depth]:,.0f}" if depth in costs else "-" for depth in depths]
    whole = depths[0] in costs and depths[-1] in costs
    return [name, *cells, f"{costs[depths[-1]] / costs[depths[0]]:.2f}" if whole else "-"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
