"""The fleet that an operator's repositories share slots in, as a dashboard and metrics read it.

Owns: the shapes, and asking the satellite that keeps a fleet. Must not: know where it keeps what, or look into the
state directory of a repository: `read` does, with the `state_dir` that stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forge_loop.plugins import load_fleet


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryStatus:
    """One repository of a fleet. `state_dir` is None until a fleet has opened it.

    `ceiling` is the most slots it may have, `used` those it has, `wants` how many more jobs are due. `served` is what
    it has had, in slot-seconds for each unit of its weight. `closed` says why it may take nothing at the moment,
    `problem` why it does not run; both are empty where there is nothing to say.
    """

    name: str
    path: Path
    state_dir: Path | None
    enabled: bool
    weight: float
    priority: int
    ceiling: int
    used: int
    wants: int
    served: float
    closed: str
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetStatus:
    """`pid` is None where none runs. `slots` are (used, total), `problem` is what is wrong with the fleet's file.

    `limited_until` is when the account gives something again, None where it is not limited.
    """

    pid: int | None
    problem: str
    limited_until: datetime | None
    limit_reason: str
    slots: tuple[int, int]
    repositories: tuple[RepositoryStatus, ...]


def read_fleet(environ: Mapping[str, str], *, now: datetime) -> FleetStatus | None:
    """The operator's fleet at `now` (aware). None where no fleet is kept, or nothing that keeps one is installed.

    Raises ConfigError for a file that cannot be read, and DatabaseError.
    """
    read = load_fleet()
    found = read(environ, now) if read is not None else None
    assert found is None or isinstance(found, FleetStatus)
    return found
