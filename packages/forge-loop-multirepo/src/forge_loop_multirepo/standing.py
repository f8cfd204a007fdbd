"""The fleet for whoever shows it: its file and its rows together, in core's shapes.

Owns: what core's entry point `forge_loop.fleets` is answered with. Must not: look into a repository's own state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from forge_loop.extension import state_home
from forge_loop.status import FleetStatus, RepositoryStatus
from forge_loop_multirepo.fleet_file import Fleet, Repository, fleet_path, load
from forge_loop_multirepo.lanes import Lane
from forge_loop_multirepo.records import Seen, look

STATE = "fleet"


def fleet_state(environ: Mapping[str, str]) -> Path:
    """The directory of the fleet's own state, beside those of the repositories."""
    return state_home(environ) / STATE


def fleet_status(environ: Mapping[str, str], now: datetime) -> FleetStatus | None:
    """The operator's fleet; None where its file names no repository. Raises ConfigError, DatabaseError."""
    fleet = load(fleet_path(environ))
    return standing(fleet, look(fleet_state(environ)), now) if fleet.repositories else None


def standing(fleet: Fleet, seen: Seen, now: datetime) -> FleetStatus:
    """What the file says and what the rows of the last fleet show; terms are the file's own where none runs."""
    lanes = {lane.name: lane for lane in seen.lanes}
    limit = seen.limit if seen.limit is not None and seen.limit.until > now else None
    return FleetStatus(
        pid=seen.pid,
        problem=seen.problem,
        limited_until=limit.until if limit is not None else None,
        limit_reason=limit.reason if limit is not None else "",
        slots=(sum(lane.used for lane in seen.lanes), seen.slots if seen.pid is not None else fleet.slots),
        repositories=tuple(_repository(each, lanes.get(each.name), fleet, seen) for each in fleet.repositories),
    )


def _repository(entry: Repository, lane: Lane | None, fleet: Fleet, seen: Seen) -> RepositoryStatus:
    runs = seen.pid is not None and lane is not None
    return RepositoryStatus(
        name=entry.name,
        path=entry.path,
        state_dir=seen.places.get(entry.name),
        enabled=entry.enabled,
        weight=entry.weight,
        priority=entry.priority,
        ceiling=lane.ceiling if runs and lane is not None else min(entry.max_slots or fleet.slots, fleet.slots),
        used=lane.used if lane is not None else 0,
        wants=lane.wants if runs and lane is not None else 0,
        served=lane.served if lane is not None else 0.0,
        closed=lane.closed if runs and lane is not None else "",
        problem=seen.problems.get(entry.name, "") if runs else "",
    )
