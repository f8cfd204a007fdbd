"""What intake last said of each issue.

Owns: one row an issue, so that a refusal is told once. Must not: judge.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.issue import Issue
from forge_loop.store.access import Access
from forge_loop.store.table import to_column


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What intake last said of an issue with the ready label; `reasons` are `code: sentence`, none if eligible."""

    issue_key: str
    issue: int
    title: str
    reasons: tuple[str, ...]
    at: datetime


class Observations:
    def __init__(self, database: Access) -> None:
        self._database = database

    def differs(self, issue: Issue, codes: tuple[str, ...]) -> bool:
        """Whether this is not what was said of an issue last."""
        before = self._database.query("SELECT reasons FROM observations WHERE issue_key = ?", (issue.key,))
        return not before or bool(before[0]["reasons"] != json.dumps(codes))

    def record(self, issue: Issue, codes: tuple[str, ...], *, at: datetime) -> bool:
        """Keep what was said of an issue; True if it differs from what was said last."""
        if not self.differs(issue, codes):
            return False
        after = json.dumps(codes)
        sql = (
            "INSERT INTO observations (issue_key, issue, title, reasons, at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (issue_key) DO UPDATE SET issue = excluded.issue, title = excluded.title, "
            "reasons = excluded.reasons, at = excluded.at"
        )
        with self._database.transaction() as connection:
            connection.execute(sql, [to_column(value) for value in (issue.key, issue.number, issue.title, after, at)])
        return True

    def refused(self, *, limit: int) -> list[Observation]:
        """The issues that were refused when intake last looked, the newest word first."""
        sql = "SELECT * FROM observations WHERE reasons <> '[]' ORDER BY at DESC LIMIT ?"
        return [
            Observation(
                issue_key=row["issue_key"],
                issue=row["issue"],
                title=row["title"],
                reasons=tuple(json.loads(row["reasons"])),
                at=datetime.fromisoformat(row["at"]),
            )
            for row in self._database.query(sql, (limit,))
        ]
