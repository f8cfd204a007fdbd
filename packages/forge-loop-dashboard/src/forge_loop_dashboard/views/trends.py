"""Trends: a month of days, drawn and as a table.

Owns: the series of each chart. Must not: count; `status.trends` does.
"""

from __future__ import annotations

import json

from forge_loop.status.trends import DAYS, Day, days
from forge_loop_dashboard.look import Facts, Look, View


def facts(look: Look) -> Facts:
    desk = look.desk
    with desk.store() as store:
        found = days(store, now=desk.now()) if store is not None else []
    return {
        "days": found,
        "any": any(day.started or day.merged for day in found),
        "span": DAYS,
        "charts": [
            ("merged and stuck", "issues a day", _series(found, {"merged": "merged", "stuck": "stuck"})),
            (
                "lead time",
                "hours from job to merge",
                _series(found, {"half within": "lead_p50", "nine of ten within": "lead_p90"}),
            ),
            ("first pass", "share merged without a revision", _series(found, {"first pass": "first_pass"})),
            ("rounds", "revisions a merged issue", _series(found, {"rounds": "rounds"})),
            ("failures", "attempts that failed", _series(found, {"failed": "failed"})),
            ("limits", "times the loop was parked", _series(found, {"parked": "parked"})),
        ],
    }


def _series(found: list[Day], names: dict[str, str]) -> str:
    at = [int(day.start.timestamp()) for day in found]
    values = [[getattr(day, name) for day in found] for name in names.values()]
    return json.dumps({"labels": list(names), "data": [at, *values]})


VIEW = View(name="trends", path="/trends", title="Trends", facts=facts, key="t")
