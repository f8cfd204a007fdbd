"""Files of older versions: brought forward with everything in them, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forge_loop.database import Database
from forge_loop.database.migration import statements
from forge_loop.store import open_store
from forge_loop.store.versions import COMPONENT, scripts
from support.tables import OLDER, TABLES, older

DIES = """
import os, signal, sys
from pathlib import Path
from forge_loop.database import Database, migration
from forge_loop.store import open_store

left = int(sys.argv[2])
whole = migration.statements

def statements(script):
    global left
    for statement in whole(script):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        yield statement

migration.statements = statements
open_store(Database(Path(sys.argv[1]), durability="normal"))
"""


def shape(database: Database) -> dict[str, Any]:
    """Columns and indexes by table, in no order: what was added later stands last."""
    names = [row["name"] for row in database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    tables = {
        name: {tuple(row)[1:] for row in database.query(f"PRAGMA table_info({name})")}
        | {tuple(row)[2:] for row in database.query(f"PRAGMA foreign_key_list({name})")}
        for name in names
    }
    indexes = database.query("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    return {**tables, **{row["name"]: row["sql"] for row in indexes}}


def version(database: Database) -> int:
    rows = database.query("SELECT version FROM schema_versions WHERE component = ?", (COMPONENT,))
    return int(rows[0]["version"])


@pytest.mark.parametrize("before", OLDER)
def test_a_file_of_any_older_version_comes_forward_with_every_row(before: int, path: Path, tmp_path: Path) -> None:
    rows = older(path, before)
    assert len(rows) > 10
    database, fresh = Database(path, durability="normal"), Database(tmp_path / "fresh.db", durability="normal")
    store = open_store(database)
    open_store(fresh)
    assert version(database) == len(scripts())
    assert shape(database) == shape(fresh)
    for name, values in rows.items():
        (now,) = database.query(f"SELECT * FROM {name}")
        assert {column: now[column] for column in values} == values
    assert {name: len(getattr(store, name).select()) for name in TABLES} == {name: int(name in rows) for name in TABLES}
    assert store.loop().loop_id == rows["loop"]["loop_id"]
    assert database.query("PRAGMA foreign_key_check") == []
    database.check()
    database.close()
    fresh.close()


def test_a_kill_between_two_statements_of_the_scripts_leaves_the_version_before(path: Path, tmp_path: Path) -> None:
    """Every script is of one transaction: there is no state between two versions."""
    rows = older(path, 1)
    database = Database(path, durability="normal")
    before = shape(database)
    count = sum(len(list(statements(script.read_text()))) for script in scripts()[1:])
    for left in (0, 1, count // 2, count - 1):
        died = subprocess.run([sys.executable, "-c", DIES, str(path), str(left)], timeout=60, check=False)
        assert died.returncode == -signal.SIGKILL
        assert (version(database), shape(database)) == (1, before)
    assert open_store(database).loop().loop_id == rows["loop"]["loop_id"]
    assert version(database) == len(scripts())
    database.close()


def test_what_is_planted_here_ends_by_itself_where_nothing_is_left_to_run(path: Path) -> None:
    older(path, len(scripts()))
    done = subprocess.run([sys.executable, "-c", DIES, str(path), "0"], timeout=60, check=False)
    assert done.returncode == os.EX_OK
