"""How much there is of everything: counts and durations over all that a state directory knows, for metrics.

Owns: the figures and how each is read. Must not: write, or count what can be pruned: what is counted here stands in the
ledger, whose rows stay, or in the tallies that are kept with every event, so that no count ever falls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Row

from forge_loop.domain.tallies import BEYOND, EVENTS, TICK_SECONDS, TICKS, WATCHDOG
from forge_loop.errors import DatabaseError
from forge_loop.queue import read_depth
from forge_loop.status.loop import closed_now
from forge_loop.status.opening import is_running, open_store_read_only
from forge_loop.store import Access, Store

Labels = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopFigures:
    """`closed` are the codes of what keeps dispatch closed. Times are unix seconds, 0 where there is none."""

    repo: str
    up: bool
    paused: bool
    closed: frozenset[str]
    slots: int
    slots_used: int
    last_tick: float
    parked_until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How values are distributed: `counts` go with the bounds, not cumulative, the last beyond all of them."""

    counts: tuple[int, ...]
    total: float


class Figures:
    """The figures of one state directory at `now` (aware). Every method raises DatabaseError if it cannot be read."""

    def __init__(self, store: Store, database: Access, now: datetime) -> None:
        self._store = store
        self._database = database
        self._now = now

    def loop(self) -> LoopFigures:
        row = self._store.loop()
        up = is_running(row)
        return LoopFigures(
            repo=row.repo,
            up=up,
            paused=row.paused and (row.paused_until is None or row.paused_until > self._now),
            closed=frozenset(reason.code for reason in closed_now(self._store, row, self._now)),
            slots=row.slots,
            slots_used=sum(job.holds_slot for job in self._store.jobs.live()) if up else 0,
            last_tick=_seconds(row.last_tick),
            parked_until=_seconds(row.parked_until),
        )

    def queue(self) -> Mapping[str, int]:
        """Entries of the queue by state: ready, delayed, leased, dead."""
        depth = read_depth(self._database)
        return {"ready": depth.ready, "delayed": depth.delayed, "leased": depth.leased, "dead": depth.dead}

    def oldest_waiting(self) -> float:
        """How many seconds ago the oldest job was queued that is ready and has not begun; 0 if there is none."""
        sql = "SELECT min(created_at) AS at FROM jobs WHERE state = 'queued'"
        at = self._database.query(sql)[0]["at"]
        return 0.0 if at is None else max(0.0, (self._now - datetime.fromisoformat(at)).total_seconds())

    def jobs(self) -> Mapping[Labels, int]:
        """Jobs by state."""
        return self._counts("SELECT state, count(*) FROM jobs GROUP BY 1")

    def running_sessions(self) -> Mapping[Labels, int]:
        """Sessions by role that run now: none does where no loop runs."""
        if not is_running(self._store.loop()):
            return {}
        return self._counts("SELECT role, count(*) FROM sessions WHERE ended_at IS NULL GROUP BY 1")

    def attempts(self, bounds: Sequence[float]) -> Mapping[Labels, Spread]:
        """How long attempts took, by outcome."""
        return self._spreads(bounds, "outcome", _took("started_at", "ended_at"), "attempts WHERE ended_at IS NOT NULL")

    def sessions(self, bounds: Sequence[float]) -> Mapping[Labels, Spread]:
        """How long sessions took, by role and outcome."""
        took = _took("started_at", "ended_at")
        return self._spreads(bounds, "role, outcome", took, "sessions WHERE ended_at IS NOT NULL")

    def lead_times(self, bounds: Sequence[float]) -> Mapping[Labels, Spread]:
        """From approval to merge."""
        rows = "jobs JOIN approvals ON approvals.id = jobs.approval WHERE jobs.state = 'merged'"
        return self._spreads(bounds, "", _took("approvals.at", "jobs.updated_at"), rows)

    def retries(self) -> Mapping[Labels, int]:
        """Attempts that followed a failed one, by what failed before."""
        return self._counts(
            "SELECT coalesce(before.failure_kind, ''), count(*) FROM attempts JOIN attempts AS before "
            "ON before.job = attempts.job AND before.number = attempts.number - 1 GROUP BY 1"
        )

    def tokens(self) -> Mapping[str, tuple[int, int]]:
        """Tokens read and written by ended sessions, by role."""
        sql = (
            "SELECT role, sum(tokens_in) AS read, sum(tokens_out) AS written "
            "FROM sessions WHERE ended_at IS NOT NULL GROUP BY 1"
        )
        return {row["role"]: (row["read"], row["written"]) for row in self._database.query(sql)}

    def checks(self) -> Mapping[Labels, int]:
        """Checks that ran on a candidate: passed, failed, timed_out."""
        how = "CASE WHEN passed THEN 'passed' WHEN status IS NULL THEN 'timed_out' ELSE 'failed' END"
        return self._counts(f"SELECT {how}, count(*) FROM checks GROUP BY 1")

    def reviews(self) -> Mapping[Labels, int]:
        """Verdicts by what they say overall."""
        return self._counts("SELECT overall, count(*) FROM reviews GROUP BY 1")

    def findings(self) -> Mapping[Labels, int]:
        """Findings by severity and category."""
        return self._counts("SELECT severity, category, count(*) FROM findings GROUP BY 1, 2")

    def pull_requests(self) -> Mapping[Labels, int]:
        """Pull requests by how their job ended; those of live jobs are not counted yet."""
        ended = "('merged', 'handed_over', 'given_up', 'yielded', 'cancelled')"
        where = f"pull_request IS NOT NULL AND state IN {ended}"
        return self._counts(f"SELECT state, count(*) FROM jobs WHERE {where} GROUP BY 1")

    def node_runs(self) -> Mapping[Labels, int]:
        """Commands and people of the pipeline by what came of them: passed, failed."""
        return self._counts("SELECT state, count(*) FROM node_runs WHERE state IN ('passed', 'failed') GROUP BY 1")

    def people_awaited(self) -> int:
        """How many people the pipeline waits for, about candidates that still stand."""
        sql = (
            "SELECT count(*) AS n FROM node_runs JOIN jobs ON jobs.id = node_runs.job AND "
            "jobs.head_sha = node_runs.head_sha WHERE node_runs.state = 'waiting' AND jobs.state = 'reviewing'"
        )
        return int(self._database.query(sql)[0]["n"])

    def events(self) -> Mapping[Labels, int]:
        """Events ever written, by kind."""
        return self._tallied(EVENTS)

    def watchdog(self) -> Mapping[Labels, int]:
        """Sessions that the watchdog ended, by the reason it gave."""
        return self._tallied(WATCHDOG)

    def ticks(self) -> Spread:
        """How long the ticks took that were told of, by the bounds of TICK_SECONDS."""
        rows = self._tallies(TICKS)
        counts = {row["label"]: row["count"] for row in rows}
        bounds = (*map(str, TICK_SECONDS), BEYOND)
        return Spread(counts=tuple(counts.get(bound, 0) for bound in bounds), total=sum(row["total"] for row in rows))

    def _tallied(self, family: str) -> Mapping[Labels, int]:
        return {(row["label"],): row["count"] for row in self._tallies(family)}

    def _tallies(self, family: str) -> Sequence[Row]:
        if not self._database.query("SELECT 1 FROM sqlite_master WHERE name = 'tallies'"):
            raise DatabaseError(
                "the database is of an older version", hint="the next `forge-loop run` brings it up to date"
            )
        return self._database.query("SELECT label, count, total FROM tallies WHERE family = ?", (family,))

    def _counts(self, sql: str) -> Mapping[Labels, int]:
        return {tuple(row)[:-1]: row[-1] for row in self._database.query(sql)}

    def _spreads(self, bounds: Sequence[float], labels: str, value: str, rows: str) -> Mapping[Labels, Spread]:
        """Counts between the bounds, made by SQLite: there may be many rows and there are few bounds."""
        named = [name for name in labels.split(", ") if name]
        # Materialized, or the value would be worked out anew for each bound.
        took = f"WITH took AS MATERIALIZED (SELECT {', '.join([*named, f'{value} AS value'])} FROM {rows})"
        within = [f"sum(value <= {bound})" for bound in bounds]
        asked = ", ".join([*named, *within, "count(*)", "sum(max(0, value))"])
        group = f" GROUP BY {labels}" if named else ""
        found = {}
        for row in map(tuple, self._database.query(f"{took} SELECT {asked} FROM took{group}")):
            *up_to, total = row[len(named) :]
            if up_to[-1]:
                between = [after - before for before, after in zip([0, *up_to], up_to, strict=False)]
                found[row[: len(named)]] = Spread(counts=tuple(between), total=total)
        return found


@contextmanager
def read_figures(state_dir: Path, *, now: datetime) -> Iterator[Figures | None]:
    """The figures of a state directory, or None where no loop has been yet. Raises DatabaseError."""
    with open_store_read_only(state_dir) as opened:
        yield None if opened is None else Figures(opened[0], Access(opened[1]), now)


def _took(begin: str, end: str) -> str:
    """SQL for the seconds between two columns."""
    return f"round((julianday({end}) - julianday({begin})) * 86400, 3)"


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
