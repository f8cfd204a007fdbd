"""Session: what it was told, said and did, live.

Owns: the window of its transcript. Must not: read a whole transcript.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop import ForgeLoopError
from forge_loop.extension import Store
from forge_loop.status.transcript import Said, lines_before, said
from forge_loop_dashboard.look import Facts, Look, View

LINES = 100
LONGEST = 4000


class NoSuchSessionError(ForgeLoopError):
    """There is no session of this number."""


def facts(look: Look) -> Facts:
    number = look.path["number"]
    with look.desk.store() as store:
        row = _row(store, number)
        assert store is not None
        job = store.jobs.get(row.job) if row.job is not None else None
        attempt = store.attempts.get(row.attempt) if row.attempt is not None else None
        later = store.sessions.select("session = ? AND id > ?", row.session, row.id, limit=1)
    before = look.number("before")
    window = lines_before(Path(row.transcript), before, LINES)
    return {
        "row": row,
        "job": job,
        "attempt": attempt,
        "later": later[0] if later else None,
        "said": [each for line in window.lines for each in _said(line)],
        "older": window.start if window.start > 0 else None,
        "before": before,
        "longest": LONGEST,
    }


def _row(store: Store | None, number: int):  # type: ignore[no-untyped-def]  # the row's class is private to core
    rows = store.sessions.select("id = ?", number) if store is not None else []
    if not rows:
        raise NoSuchSessionError(f"there is no session {number}")
    return rows[0]


def _said(line: str) -> list[Said]:
    try:
        return said(line)
    except ValueError:
        return [Said(at="", role="?", verb="cannot be read", text=line[:LONGEST])]


def controls(look: Look) -> Facts:
    with look.desk.store() as store:
        row = _row(store, look.path["number"])
        assert store is not None
        job = store.jobs.get(row.job) if row.job is not None else None
    return {"row": row, "issue": job.issue if job is not None else None, "open": row.ended_at is None}


def follows(look: Look) -> object:
    with look.desk.store() as store:
        path = Path(_row(store, look.path["number"]).transcript)
    return path.stat().st_size if path.exists() else 0


VIEW = View(
    name="session",
    path="/sessions/{number:int}",
    title="Session {number}",
    facts=facts,
    controls=controls,
    follows=follows,
)
