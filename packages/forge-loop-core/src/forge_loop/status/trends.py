"""How it went, day by day: what was merged and how long that took, what failed, how often a limit was met.

Owns: those counts. Must not: guess: a day without a merge has no lead time, which is not a lead time of nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from forge_loop.domain.events import LoopParked
from forge_loop.domain.job import JobState
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
    today = _day_of(now)
    starts = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    ended: dict[datetime, list[_Ended]] = defaultdict(list)
    for state, rounds, created_at, updated_at in store.jobs.columns(
        ("state", "round", "created_at", "updated_at"), f"updated_at >= ? AND state IN ({_ENDED})", starts[0]
    ):
        lead = (updated_at - created_at).total_seconds() / 3600
        ended[_day_of(updated_at)].append(_Ended(merged=state is JobState.MERGED, rounds=rounds, lead=lead))
    created = Counter(_day_of(at) for (at,) in store.jobs.columns(("created_at",), "created_at >= ?", starts[0]))
    failed: dict[datetime, list[str]] = defaultdict(list)
    where = "ended_at >= ? AND failure_kind IS NOT NULL"
    for ended_at, kind in store.attempts.columns(("ended_at", "failure_kind"), where, starts[0]):
        failed[_day_of(ended_at)].append(str(kind))
    parked = store.events.select("kind = ? AND at >= ?", LoopParked.kind, rfc3339(starts[0]), limit=-1)
    limits = Counter(_day_of(event.at) for event in parked)
    return [
        _day(start, ended[start], started=created[start], failed=failed[start], parked=limits[start])
        for start in starts
    ]


_ENDED = "'merged', 'handed_over', 'given_up'"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ended:
    """What is asked of a job that ended; `lead` in hours."""

    merged: bool
    rounds: int
    lead: float


def _day_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day(start: datetime, ended: Sequence[_Ended], *, started: int, failed: Sequence[str], parked: int) -> Day:
    merged = [each for each in ended if each.merged]
    lead = [each.lead for each in merged]
    return Day(
        start=start,
        started=started,
        merged=len(merged),
        stuck=len(ended) - len(merged),
        lead_p50=_quantile(lead, 50),
        lead_p90=_quantile(lead, 90),
        first_pass=sum(each.rounds == 0 for each in merged) / len(merged) if merged else None,
        rounds=sum(each.rounds for each in merged) / len(merged) if merged else None,
        failed=len(failed),
        kinds=tuple(Counter(failed).most_common()),
        parked=parked,
    )


def _quantile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return round(values[0], 3) if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 3)
