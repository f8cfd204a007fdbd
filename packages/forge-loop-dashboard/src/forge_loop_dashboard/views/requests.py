"""Requests: what was asked of the loop, through whose hand, and what came of it.

Owns: paging through them. Must not: change one.
"""

from __future__ import annotations

from forge_loop.status.requests import asked
from forge_loop_dashboard.look import Facts, Look, View

PAGE = 50


def facts(look: Look) -> Facts:
    with look.desk.store() as store:
        rows = asked(store, before=look.number("before"), limit=PAGE + 1) if store is not None else []
    return {"rows": rows[:PAGE], "after": rows[PAGE - 1].id if len(rows) > PAGE else None}


VIEW = View(name="requests", path="/requests", title="Requests", facts=facts, key="r")
