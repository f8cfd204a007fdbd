"""How it went, day by day: what was merged and how long that took, what failed, how often a limit was met.

Owns: those counts. Must not: guess: a day without a merge has no lead time, which is not a lead time of nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from forge_loop.domain.events import LoopParked
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.recorded import rfc3339
from forge_loop.store import Store

DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day of UTC. Lead times are hours from job to merge; `first_pass` is the share merged without a revision and
    `rounds` the revisions a merged job took; None where nothing was merged.
    """

    start: datetime
    started: int
    merged: int
    stuck: int
    lead_p50: float | None
    lead_p90: float | None
    first_pass: float | None
    rounds: float | None
    failed: int
    kinds: tuple[tuple[str, int], ...]
    parked: int


def days(store: Store, *, now: datetime, count: int = DAYS) -> list[Day]:
    """The last `count` days, oldest first, the day of `now` included."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    ended = store.jobs.select("updated_at >= ? AND state IN ('merged', 'handed_over', 'given_up')", starts[0])
    created = store.jobs.select("created_at >= ?", starts[0])
    failed = store.attempts.select("ended_at >= ? AND failure_kind IS NOT NULL", starts[0])
    parked = store.events.select("kind = ? AND at >= ?", LoopParked.kind, rfc3339(starts[0]), limit=-1)
    return [
        _day(
            start,
            [job for job in ended if _is_on(job.updated_at, start)],
            started=sum(_is_on(job.created_at, start) for job in created),
            failed=[
                str(row.failure_kind) for row in failed if row.ended_at is not None and _is_on(row.ended_at, start)
            ],
            parked=sum(_is_on(event.at, start) for event in parked),
        )
        for start in starts
    ]


def _day(start: datetime, ended: Sequence[Job], *, started: int, failed: Sequence[str], parked: int) -> Day:
    merged = [job for job in ended if job.state is JobState.MERGED]
    lead = [(job.updated_at - job.created_at).total_seconds() / 3600 for job in merged]
    return Day(
        start=start,
        started=started,
        merged=len(merged),
        stuck=len(ended) - len(merged),
        lead_p50=_quantile(lead, 50),
        lead_p90=_quantile(lead, 90),
        first_pass=sum(job.round == 0 for job in merged) / len(merged) if merged else None,
        rounds=sum(job.round for job in merged) / len(merged) if merged else None,
        failed=len(failed),
        kinds=tuple(Counter(failed).most_common()),
        parked=parked,
    )


def _quantile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return round(values[0], 3) if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 3)


def _is_on(at: datetime, start: datetime) -> bool:
    return start <= at < start + timedelta(days=1)
