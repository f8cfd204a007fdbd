"""Trends: a month of days, in figures, drawn and as a table.

Owns: the series of each chart and the month's figures. Must not: count; `status.trends` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from forge_loop.status.trends import DAYS, Day, days
from forge_loop_dashboard.look import Facts, Look, View
from forge_loop_dashboard.rendering import span


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """`series` is what the page's script draws: labels, bars or lines, whole numbers or not, and the data."""

    name: str
    unit: str
    series: str


def facts(look: Look) -> Facts:
    desk = look.desk
    with desk.store() as store:
        found = days(store, now=desk.now()) if store is not None else []
    return {
        "days": found,
        "any": any(day.started or day.merged for day in found),
        "span": DAYS,
        "totals": _totals(found),
        "charts": _charts(found),
    }


def _totals(found: list[Day]) -> list[tuple[str, str]]:
    merged = sum(day.merged for day in found)
    passed = sum((day.first_pass or 0.0) * day.merged for day in found)
    leads = sorted((day.lead_p50, day.merged) for day in found if day.lead_p50 is not None)
    return [
        (str(sum(day.started for day in found)), "taken in"),
        (str(merged), "merged"),
        (str(sum(day.stuck for day in found)), "stuck"),
        (f"{passed / merged:.0%}" if merged else "none merged", "merged without a revision"),
        (span(_middle(leads) * 3600) if leads else "none merged", "typical time from job to merge"),
        (str(sum(day.failed for day in found)), "attempts failed"),
    ]


def _middle(weighted: list[tuple[float, int]]) -> float:
    """The value below which half of the weight lies."""
    half, so_far = sum(weight for _, weight in weighted) / 2, 0
    for value, weight in weighted:
        so_far += weight
        if so_far >= half:
            return value
    return weighted[-1][0]


def _charts(found: list[Day]) -> list[Chart]:
    longest = max((day.lead_p90 or 0.0 for day in found), default=0.0)
    minutes = longest < 2
    factor, unit = (60.0, "minutes") if minutes else (1.0, "hours")

    def lead(name: str) -> Callable[[Day], float | None]:
        return lambda day: round(getattr(day, name) * factor, 2) if getattr(day, name) is not None else None

    return [
        _chart(
            "merged and stuck",
            "issues a day",
            found,
            {"merged": lambda day: day.merged, "stuck": lambda day: day.stuck},
            bars=True,
            whole=True,
        ),
        _chart(
            "lead time",
            f"{unit} from job to merge",
            found,
            {"half within": lead("lead_p50"), "nine of ten within": lead("lead_p90")},
        ),
        _chart(
            "first pass",
            "% merged without a revision",
            found,
            {"first pass": lambda day: round(day.first_pass * 100) if day.first_pass is not None else None},
        ),
        _chart("rounds", "revisions a merged issue", found, {"rounds": lambda day: day.rounds}),
        _chart("failures", "attempts that failed", found, {"failed": lambda day: day.failed}, bars=True, whole=True),
        _chart("limits", "times the loop was parked", found, {"parked": lambda day: day.parked}, bars=True, whole=True),
    ]


def _chart(
    name: str,
    unit: str,
    found: list[Day],
    series: dict[str, Callable[[Day], float | None]],
    *,
    bars: bool = False,
    whole: bool = False,
) -> Chart:
    at = [int(day.start.timestamp()) for day in found]
    data = [at, *([value(day) for day in found] for value in series.values())]
    return Chart(
        name=name, unit=unit, series=json.dumps({"labels": list(series), "bars": bars, "whole": whole, "data": data})
    )


VIEW = View(name="trends", path="/trends", title="Trends", facts=facts, key="t")
