"""Events: everything that happened, by kind and issue, followed or page by page, each with an address of its own.

Owns: what the filter's words mean. Must not: change an event.
"""

from __future__ import annotations

import json

from forge_loop import ForgeLoopError
from forge_loop.status.history import Wanted, newest_events
from forge_loop_dashboard.look import Facts, Look, View

PAGE = 100
PRESETS = {
    "": "everything",
    "issue,job,loop,pull_request,review,request": "the story",
    "attempt,session,watchdog": "sessions",
    "check,candidate,review,finding,node,merge": "checks and reviews",
    "effect,deploy,workspace": "effects",
    "request,config": "what was asked and changed",
}


class NoSuchEventError(ForgeLoopError):
    """There is no event of this number."""


def wanted(look: Look) -> Wanted:
    """`kind=job,session.ended&issue=4`."""
    kinds = tuple(kind for kind in look.query.get("kind", "").replace(",", " ").split())
    return Wanted(kinds=kinds[:20], issue=look.number("issue"))


def facts(look: Look) -> Facts:
    with look.desk.store() as store:
        found = []
        if store is not None:
            found = newest_events(store, wanted(look), before=look.number("before"), limit=PAGE + 1)
    return {
        "events": found[:PAGE],
        "after": found[PAGE - 1].seq if len(found) > PAGE else None,
        "before": look.number("before"),
        "kind": look.query.get("kind", ""),
        "issue": look.query.get("issue", ""),
        "filtered": bool(wanted(look) != Wanted()),
    }


def controls(look: Look) -> Facts:
    return {"kind": look.query.get("kind", ""), "issue": look.query.get("issue", ""), "presets": PRESETS}


def one(look: Look) -> Facts:
    seq = look.path["seq"]
    with look.desk.store() as store:
        found = store.events.select("seq = ?", seq) if store is not None else []
    if not found:
        raise NoSuchEventError(f"there is no event {seq}")
    return {"event": found[0], "text": json.dumps(json.loads(found[0].line()), indent=2, ensure_ascii=False)}


VIEW = View(name="events", path="/events", title="Events", facts=facts, controls=controls, key="e")
ONE = View(name="event", path="/events/{seq:int}", title="Event {seq}", facts=one)
