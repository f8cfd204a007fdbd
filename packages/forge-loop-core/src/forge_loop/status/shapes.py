"""The contract shapes of `status --json` and `explain --json`.

Owns: their names and times as RFC 3339 UTC. Must not: read anything.
"""

from __future__ import annotations

from datetime import datetime

from forge_loop.domain.explain import Explanation
from forge_loop.domain.recorded import rfc3339
from forge_loop.status.loop import Status


def status_shape(status: Status) -> dict[str, object]:
    """The contract shape of `status --json`, times as RFC 3339 UTC."""
    loop = status.loop
    return {
        "schema_version": 1,
        "loop": {
            "state": loop.state,
            "pid": loop.pid,
            "since": _moment(loop.since),
            "parked_until": _moment(loop.parked_until),
            "reason": loop.reason,
            "last_tick": _moment(loop.last_tick),
        },
        "slots": {"used": status.slots[0], "total": status.slots[1]},
        "sessions": [
            {
                "job": session.job,
                "issue": session.issue,
                "role": session.role,
                "started": _moment(session.started),
                "last_activity": _moment(session.last_activity),
                "last_tool": session.last_tool,
            }
            for session in status.sessions
        ],
        "queue": {
            "ready": status.queue.ready,
            "delayed": status.queue.delayed,
            "leased": status.queue.leased,
            "dead": status.queue.dead,
        },
        "jobs": dict(status.jobs),
    }


def explain_shape(explanation: Explanation) -> dict[str, object]:
    """The contract shape of `explain --json`."""
    return {
        "schema_version": 1,
        "issue": explanation.issue,
        "title": explanation.title,
        "state": str(explanation.state) if explanation.state is not None else None,
        "running": explanation.running,
        "reasons": [
            {"code": reason.code, "text": reason.text, "until": _moment(reason.until)} for reason in explanation.reasons
        ],
        "next": explanation.next,
    }


def _moment(value: datetime | None) -> str | None:
    return rfc3339(value) if value is not None else None
