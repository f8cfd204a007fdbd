"""The rows of the local code host: one per pull request.

Owns: the table `pulls` and its schema. Must not: run git.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from sqlite3 import Row

from forge_loop.database import Database
from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.domain.recorded import rfc3339

COMPONENT = "local_code_host"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """A pull request and the `candidate` of a merge that may or may not have happened."""

    shown: PullRequest
    candidate: str | None


class Pulls:
    def __init__(self, database: Database) -> None:
        self._database = database
        scripts = sorted((files(__package__) / "schema").iterdir(), key=lambda entry: entry.name)
        database.migrate(COMPONENT, [entry.read_text() for entry in scripts])

    def open(self, *, branch: str, base: str, head_sha: str, title: str, body: str, at: datetime) -> Pull:
        """The open pull request of this branch and base, made if there is none."""
        values = (branch, base, title, body, head_sha, rfc3339(at))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO pulls (branch, base, title, body, state, head_sha, created_at) "
                "VALUES (?, ?, ?, ?, 'open', ?, ?) ON CONFLICT DO NOTHING",
                values,
            )
            found = connection.execute(
                "SELECT * FROM pulls WHERE branch = ? AND base = ? AND state = 'open'", (branch, base)
            ).fetchall()
        return _pull(found[0])

    def get(self, number: int) -> Pull | None:
        return self._one("number = ?", number)

    def newest(self, branch: str) -> Pull | None:
        return self._one("branch = ?", branch)

    def still_open(self) -> list[Pull]:
        """Those that are recorded as open, in number order."""
        return [_pull(row) for row in self._database.query("SELECT * FROM pulls WHERE state = 'open' ORDER BY number")]

    def propose(self, number: int, candidate: str) -> bool:
        """Record what is about to be merged; False if the pull request is no longer open."""
        return self._change(number, "candidate = ?", candidate)

    def follow(self, number: int, head_sha: str) -> bool:
        return self._change(number, "head_sha = ?", head_sha)

    def merged(self, number: int, sha: str) -> bool:
        return self._change(number, "state = 'merged', merged_sha = ?", sha)

    def closed(self, number: int) -> bool:
        return self._change(number, "state = 'closed'")

    def _change(self, number: int, what: str, *values: str) -> bool:
        """Only an open pull request changes: merged and closed are the end."""
        sql = f"UPDATE pulls SET {what} WHERE number = ? AND state = 'open'"
        with self._database.transaction() as connection:
            return connection.execute(sql, (*values, number)).rowcount == 1

    def _one(self, where: str, value: object) -> Pull | None:
        rows = self._database.query(f"SELECT * FROM pulls WHERE {where} ORDER BY number DESC LIMIT 1", (value,))
        return _pull(rows[0]) if rows else None


def _pull(row: Row) -> Pull:
    shown = PullRequest(
        number=row["number"],
        branch=row["branch"],
        base=row["base"],
        head_sha=row["head_sha"],
        state=PullRequestState(row["state"]),
        merged_sha=row["merged_sha"],
    )
    return Pull(shown=shown, candidate=row["candidate"])
