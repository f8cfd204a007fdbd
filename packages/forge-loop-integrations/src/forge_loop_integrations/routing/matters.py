"""What a message is about, so that what belongs together stands together, and what ends it.

Owns: the key of a matter, which kind closes which. Must not: keep what is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_loop_integrations.routing.classes import HUMAN

# A job that was handed over loses the ready label by the loop's own hand: `issue.released` ends nothing of it.
OF_A_JOB = frozenset({"job.queued", "job.merged", "job.yielded", "job.cancelled", "issue.approved"})
OF_AN_ISSUE = OF_A_JOB | {"issue.released"}
CLOSING: Mapping[str, frozenset[str]] = {
    "loop.resumed": frozenset({"loop.halted", "loop.parked"}),
    "loop.unparked": frozenset({"loop.parked"}),
    "config.reloaded": frozenset({"config.rejected"}),
    "sink.recovered": frozenset({"sink.failed"}),
}


def matter_of(kind: str, issue: int | None, data: Mapping[str, Any]) -> str:
    """`issue:42`, or which part of the loop it is about."""
    noun = kind.partition(".")[0]
    if noun == "sink":
        return f"sink:{data.get('sink')}"
    if noun in ("loop", "config", "storage"):
        return noun
    return f"issue:{issue}" if issue is not None else "loop"


def may_close(kind: str) -> bool:
    """Whether an event of this kind can end anything."""
    return kind in OF_AN_ISSUE or kind in CLOSING or kind == "node.finished"


def closes(kind: str, opened_by: str, data: Mapping[str, Any]) -> bool:
    """Whether an event ends what `opened_by`, an earlier event of the same matter, has opened."""
    noun = opened_by.partition(".")[0]
    if noun == "node":
        return kind in OF_AN_ISSUE or (kind == "node.finished" and data.get("node_kind") == HUMAN)
    if noun in ("job", "issue", "spec"):
        return kind in (OF_A_JOB if noun == "job" else OF_AN_ISSUE)
    return opened_by in CLOSING.get(kind, frozenset())
