"""The fleet's own database: what each lane has had, whether the account is limited, what the fleet does now.

Owns: `fleet.db` and its rows. Must not: hold what a repository's own state knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from forge_loop.extension import AccountLimit, Database, find_process, open_read_only, rfc3339
from forge_loop_multirepo.lanes import Lane

COMPONENT = "fleet"
FILE_NAME = "fleet.db"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The fleet as its rows show it. `pid` is None where none runs; `waiting_since` of the lanes counts from 0 = now.

    `problem` is what is wrong with the fleet file, `problems` why repositories do not run, `places` are their state
    directories as far as a fleet has opened them.
    """

    pid: int | None
    slots: int
    problem: str
    limit: AccountLimit | None
    lanes: tuple[Lane, ...]
    problems: Mapping[str, str]
    places: Mapping[str, Path]


# What lanes have had and how long they wait changes all the time: it is written this often, in seconds.
KEPT_EVERY = 15.0


class Records:
    """Written by the one process that runs the fleet. What it loses in a power cut does no harm."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = Database(directory / FILE_NAME)
        self._kept: list[object] = []
        self._kept_at = float("-inf")
        schema = files("forge_loop_multirepo").joinpath("schema")
        names = sorted(each.name for each in schema.iterdir() if each.name.endswith(".sql"))
        self._database.migrate(COMPONENT, [schema.joinpath(name).read_text(encoding="utf-8") for name in names])
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO fleet (id) VALUES (1)")

    def begin(self) -> None:
        """This process runs the fleet from now on."""
        own = find_process(os.getpid())
        with self._database.transaction(flush=False) as connection:
            connection.execute(
                "UPDATE fleet SET pid = ?, start_ticks = ?", (os.getpid(), own.started if own is not None else None)
            )

    def end(self) -> None:
        with self._database.transaction(flush=False) as connection:
            connection.execute("UPDATE fleet SET pid = NULL, start_ticks = NULL")

    def served(self) -> dict[str, float]:
        """What each lane has had, by name."""
        return {row["name"]: row["served"] for row in self._database.query("SELECT name, served FROM lanes")}

    def places(self) -> dict[str, Path]:
        """The state directory of each repository that a fleet has opened, by name."""
        rows = self._database.query("SELECT name, state_dir FROM lanes WHERE state_dir <> ''")
        return {row["name"]: Path(row["state_dir"]) for row in rows}

    def limit(self) -> AccountLimit | None:
        (row,) = self._database.query("SELECT * FROM fleet")
        return _limit(row["limited_until"], row["limit_reason"])

    def keep_limit(self, limit: AccountLimit) -> None:
        with self._database.transaction() as connection:
            words = (rfc3339(limit.until), limit.reason)
            connection.execute("UPDATE fleet SET limited_until = ?, limit_reason = ?", words)

    def keep(
        self,
        lanes: Iterable[Lane],
        *,
        slots: int,
        now: float,
        problem: str,
        problems: Mapping[str, str],
        places: Mapping[str, Path],
    ) -> None:
        """Write down how everything stands, if it has changed. `now` is the pool's time."""
        lanes = list(lanes)
        standing = [slots, problem, dict(problems), dict(places), *(replace(lane, served=0.0) for lane in lanes)]
        if standing == self._kept and now - self._kept_at < KEPT_EVERY:
            return
        rows = [
            (
                lane.name,
                lane.weight,
                lane.ceiling,
                lane.priority,
                lane.used,
                lane.wants,
                lane.served,
                now - lane.waiting_since if lane.waiting_since is not None else None,
                lane.closed,
                problems.get(lane.name, ""),
                str(places.get(lane.name, "")),
            )
            for lane in lanes
        ]
        with self._database.transaction(flush=False) as connection:
            connection.execute("UPDATE fleet SET slots = ?, problem = ?", (slots, problem))
            connection.execute("DELETE FROM lanes")
            connection.executemany("INSERT INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._kept, self._kept_at = standing, now

    def close(self) -> None:
        self._database.close()


def look(directory: Path) -> Seen:
    """The fleet as it stands; where none ever ran, nothing."""
    path = directory / FILE_NAME
    if not path.exists():
        return Seen(pid=None, slots=0, problem="", limit=None, lanes=(), problems={}, places={})
    with closing(open_read_only(path)) as database:
        (row,) = database.query("SELECT * FROM fleet")
        found = database.query("SELECT * FROM lanes ORDER BY name")
    process = find_process(row["pid"]) if row["pid"] is not None else None
    alive = process is not None and process.started == row["start_ticks"]
    lanes = tuple(
        Lane(
            name=each["name"],
            weight=each["weight"],
            ceiling=each["ceiling"],
            priority=each["priority"],
            used=each["used"] if alive else 0,
            wants=each["wants"],
            served=each["served"],
            waiting_since=-each["waited"] if each["waited"] is not None else None,
            closed=each["closed"],
        )
        for each in found
    )
    return Seen(
        pid=row["pid"] if alive else None,
        slots=row["slots"],
        problem=row["problem"],
        limit=_limit(row["limited_until"], row["limit_reason"]),
        lanes=lanes,
        problems={each["name"]: each["problem"] for each in found if each["problem"]},
        places={each["name"]: Path(each["state_dir"]) for each in found if each["state_dir"]},
    )


def _limit(until: str | None, reason: str) -> AccountLimit | None:
    return AccountLimit(until=datetime.fromisoformat(until), reason=reason) if until is not None else None
