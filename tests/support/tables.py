"""The loop's tables, the dataclasses of their rows, and a file as an older version left it.

Owns: that list, and one plain row for each table of a version. Must not: run a statement that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from forge_loop.database import Database
from forge_loop.domain.job import Approval, Attempt, Job, SessionRow
from forge_loop.domain.limits import Window
from forge_loop.domain.proposals import Proposal
from forge_loop.store import (
    CheckRow,
    EffectRow,
    FindingRow,
    HostLookRow,
    LoopRow,
    NodeRunRow,
    RefusalRow,
    RemarkRow,
    RequestRow,
    ReviewRow,
)
from forge_loop.store.pipelines import PipelineRow
from forge_loop.store.records import BaseCheckRow
from forge_loop.store.versions import COMPONENT, scripts

TABLES: Mapping[str, type[Any]] = {
    "approvals": Approval,
    "jobs": Job,
    "attempts": Attempt,
    "sessions": SessionRow,
    "checks": CheckRow,
    "base_checks": BaseCheckRow,
    "reviews": ReviewRow,
    "findings": FindingRow,
    "effects": EffectRow,
    "host_looks": HostLookRow,
    "node_runs": NodeRunRow,
    "pipelines": PipelineRow,
    "remarks": RemarkRow,
    "refusals": RefusalRow,
    "requests": RequestRow,
    "proposals": Proposal,
    "limits": Window,
}
OLDER = range(1, len(scripts()))
MOMENT = "2026-01-31T12:00:00.000Z"

Rows = dict[str, dict[str, Any]]


def older(path: Path, version: int, **loop: Any) -> Rows:
    """Make a file as the version left it, with one row in each of its tables; those rows. `loop` changes the loop's."""
    database = Database(path, durability="normal")
    database.migrate(COMPONENT, [script.read_text() for script in scripts()[:version]])
    found: Rows = {}
    tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
    with database.transaction() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for name in [row["name"] for row in tables if row["name"] in {*TABLES, "loop"}]:
            columns = database.query(f"PRAGMA table_info({name})")
            values = {column["name"]: plain(name, column["name"], column["type"]) for column in columns}
            found[name] = {**values, **loop} if name == "loop" else values
            marks = ", ".join("?" for _ in values)
            connection.execute(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})", list(found[name].values()))
    database.close()
    return found


def plain(table: str, column: str, kind: str) -> Any:
    """A value that the column's field can be read from; every number is 1, which is also the id of every row."""
    hint = get_type_hints(TABLES.get(table, LoopRow))[column]
    if isinstance(hint, UnionType):
        (hint,) = set(get_args(hint)) - {type(None)}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str(next(iter(hint)))
    if hint is datetime:
        return MOMENT
    written = {tuple: "[]", dict: "{}"}.get(get_origin(hint))
    return written or {"INTEGER": 1, "REAL": 0.5, "TEXT": "a text"}[kind]
