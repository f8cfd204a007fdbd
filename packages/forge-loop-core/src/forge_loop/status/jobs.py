"""Jobs as lists show them: an issue's newest one, by state, by words, page by page.

Owns: those questions. Must not: judge, or read every row for a page of them.
"""

from __future__ import annotations

from collections.abc import Collection

from forge_loop.domain.job import Job, JobState
from forge_loop.store import Store

NEEDS_YOU = (JobState.HANDED_OVER, JobState.GIVEN_UP)
_NEWEST = "id IN (SELECT max(id) FROM jobs GROUP BY issue_key)"


def newest_jobs(
    store: Store,
    *,
    states: Collection[JobState] = (),
    words: str = "",
    issue: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Job]:
    """The newest job of each issue, newest first; `before` is the id of the last one of the page before."""
    where, values = [_NEWEST], list[object]()
    if states:
        where.append(f"state IN ({', '.join('?' for _ in states)})")
        values.extend(states)
    for word in words.split():
        where.append("title LIKE ? ESCAPE '!'")
        values.append(f"%{_literal(word)}%")
    if issue is not None:
        where.append("issue = ?")
        values.append(issue)
    if before is not None:
        where.append("id < ?")
        values.append(before)
    return store.jobs.select(" AND ".join(where), *values, order="id DESC", limit=limit)


def counts(store: Store) -> dict[JobState, int]:
    """How many issues stand in each state, by their newest job."""
    return store.jobs.counts(_NEWEST)


def _literal(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
