"""The worker's typed report. It is recorded, not believed: the harvest, the checks and the critic decide.

Owns: its schema and its strict parser. Must not: judge the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class WorkerStatus(StrEnum):
    DONE = "done"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerReport:
    status: WorkerStatus
    summary: str
    tests_run: tuple[str, ...]
    notes: str


WORKER_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["status", "summary", "tests_run", "notes"],
    "properties": {
        "status": {"enum": [member.value for member in WorkerStatus]},
        "summary": {"type": "string", "pattern": r"\S"},
        "tests_run": {"type": "array", "items": {"type": "string"}},
        "notes": {"type": "string"},
    },
}


def parse_worker_report(report: object) -> WorkerReport | None:
    """The report, or None if it is not exactly what was asked for."""
    if not isinstance(report, Mapping) or set(report) != {"status", "summary", "tests_run", "notes"}:
        return None
    status, summary, tests_run, notes = (report[name] for name in ("status", "summary", "tests_run", "notes"))
    known = [member for member in WorkerStatus if member.value == status]
    texts = isinstance(summary, str) and bool(summary.strip()) and isinstance(notes, str)
    if not known or not texts or not isinstance(tests_run, list) or not all(isinstance(t, str) for t in tests_run):
        return None
    return WorkerReport(status=known[0], summary=summary, tests_run=tuple(tests_run), notes=notes)
