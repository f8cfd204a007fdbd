"""F8: a state database that is cut short, overwritten, locked, older or newer: a typed sentence, never a traceback."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from forge_loop.agents.processes import find
from forge_loop.database import Database
from forge_loop.domain.job import JobState
from forge_loop.queue import SQLiteQueue
from forge_loop.store import open_store
from support.command_line import Place, Said, seed_job
from support.tables import OLDER, older

COMMANDS = (
    ("run", "--max-ticks", "1"),
    ("once",),
    ("status",),
    ("status", "--json"),
    ("explain", "1"),
    ("events",),
    ("attempts",),
    ("queue", "list"),
    ("pause",),
    ("doctor",),
)
PAGE = 2048


def cut(keep: Callable[[int], int]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: keep(len(content))])

    return damage


def overwrite(offset: int, size: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(b"\xa5" * size)

    return damage


def versions(component: str, version: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            changed = connection.execute(
                "UPDATE schema_versions SET version = ? WHERE component = ?", (version, component)
            ).rowcount
            assert changed == 1, f"there is no component {component!r}"

    return damage


def becomes_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def becomes_text(path: Path) -> None:
    path.write_text("this is no database\n" * 1000)


REFUSED: dict[str, Callable[[Path], None]] = {
    "cut within the header": cut(lambda _: 50),
    "cut after the first page": cut(lambda _: PAGE),
    "cut in half": cut(lambda size: size // 2 // PAGE * PAGE),
    "cut by one page": cut(lambda size: size - PAGE),
    "cut by one byte": cut(lambda size: size - 1),
    "header overwritten": overwrite(0, 100),
    "second page overwritten": overwrite(PAGE, PAGE),
    "text": becomes_text,
    "a directory": becomes_a_directory,
    "newer loop": versions("loop", 99),
    "newer queue": versions("queue", 99),
    "newer code host": versions("local_code_host", 99),
}


# The last byte of the last page is unused space: SQLite reads it as zero, and the file is sound.
HARMLESS = frozenset({"cut by one byte"})


def told(said: Said, words: tuple[str, ...]) -> str:
    """What is wrong with an answer: a traceback, or a fault that nobody foresaw."""
    text = said.stdout + said.stderr
    return f"{words}: {text[-600:]}" if "Traceback" in text or "bug in forge-loop" in text else ""


@pytest.fixture
def seeded(place: Place) -> Place:
    """A state as a loop leaves it: every component's tables, a job, a closed database."""
    place.init()
    assert place.run("run", "--max-ticks", "1").status == 0
    seed_job(place, state=JobState.HANDED_OVER)
    assert not place.layout.database.with_name("state.db-wal").exists()
    return place


@pytest.mark.parametrize("damage", REFUSED)
def test_a_broken_database_is_told_in_a_sentence_by_every_command(seeded: Place, damage: str) -> None:
    before = seeded.layout.database.read_bytes()
    REFUSED[damage](seeded.layout.database)
    fired = seeded.layout.database.is_dir() or seeded.layout.database.read_bytes() != before
    answers = {words: seeded.run(*words) for words in COMMANDS}
    print(f"F8 database, {damage}: {len(answers)} commands refused or answered")
    assert [text for words, said in answers.items() if (text := told(said, words))] == []
    assert fired
    for words in () if damage in HARMLESS else COMMANDS[:2]:
        assert answers[words].status in (1, 2), answers[words]
        assert answers[words].stderr.count("error: ") == 1


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("words", [("run", "--max-ticks", "1"), ("status",), ("pause",)])
def test_a_database_that_another_program_locks_is_told_in_a_sentence(seeded: Place, words: tuple[str, ...]) -> None:
    with locked(seeded.layout.database):
        said = seeded.run(*words)
    assert told(said, words) == ""
    assert said.status == 1, said
    assert "locked by another program" in said.stderr


@pytest.mark.parametrize("missing", ["loop", "queue", "local_code_host", "all"])
def test_an_older_database_is_brought_forward(seeded: Place, missing: str) -> None:
    """Version 0 of a component: its tables are not there yet."""
    with closing(sqlite3.connect(seeded.layout.database, isolation_level=None)) as connection:
        if missing == "all":
            seeded.layout.database.unlink()
            sqlite3.connect(seeded.layout.database).close()
        else:
            drop(connection, missing)
    said = seeded.run("run", "--max-ticks", "1")
    assert (said.status, told(said, ())) == (0, ""), said
    database = Database(seeded.layout.database)
    database.check()
    rows = database.query("SELECT component, version FROM schema_versions")
    assert {row["component"] for row in rows} == {"loop", "queue", "local_code_host"}
    database.close()


LOOKING = tuple(words for words in COMMANDS if words[0] not in ("run", "once", "pause", "doctor"))


@pytest.mark.parametrize("version", OLDER)
def test_an_older_database_is_told_in_a_sentence_by_whoever_only_looks(place: Place, version: int) -> None:
    place.init()
    place.state.mkdir(mode=0o700, exist_ok=True)
    place.layout.database.unlink(missing_ok=True)
    older(place.layout.database, version, pid=None)
    create_queue(place.layout.database)
    answers = {words: place.run(*words) for words in (*LOOKING, ("status", "--short"), ("doctor",))}
    print(f"F8 database, version {version}: {len(answers)} commands refused")
    assert [text for words, said in answers.items() if (text := told(said, words))] == []
    refused = {words: said.status for words, said in answers.items() if f"version {version} of 'loop'" in said.stderr}
    assert refused == dict.fromkeys((*LOOKING, ("status", "--short")), 2)
    assert "version" in answers[("doctor",)].stdout


def create_queue(path: Path) -> None:
    database = Database(path)
    SQLiteQueue(database, max_deliveries=None)
    database.close()


@pytest.mark.parametrize("words", [("run", "--max-ticks", "1"), ("pause",)])
def test_no_table_is_changed_under_a_loop_of_an_older_version(place: Place, words: tuple[str, ...]) -> None:
    place.init()
    place.state.mkdir(mode=0o700, exist_ok=True)
    place.layout.database.unlink(missing_ok=True)
    me = find(os.getpid())
    assert me is not None
    older(place.layout.database, OLDER[-1], pid=me.pid, start_ticks=me.started)
    before = dump(place.layout.database)
    said = place.run(*words)
    assert (said.status, told(said, words)) == (5, ""), said
    assert f"kill -TERM {me.pid}" in said.stderr
    assert dump(place.layout.database) == before


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def drop(connection: sqlite3.Connection, component: str) -> None:
    tables = {"loop": None, "queue": ("queue_jobs", "queue_clock"), "local_code_host": ("pulls",)}[component]
    found = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    others = {"queue_jobs", "queue_clock", "pulls", "schema_versions"}
    chosen = tables or [name for name in found if name not in others and not name.startswith("sqlite_")]
    for name in chosen:
        assert name in found
        connection.execute(f"DROP TABLE {name}")
    connection.execute("DELETE FROM schema_versions WHERE component = ?", (component,))


def test_a_start_reads_the_whole_file_before_anything_runs(seeded: Place) -> None:
    """The damage lies where no statement of a start would look: only the check at start can find it."""
    overwrite(seeded.layout.database.stat().st_size - PAGE, PAGE)(seeded.layout.database)
    events = seeded.layout.events.read_bytes()
    said = seeded.run("run", "--max-ticks", "1")
    assert said.status == 1
    assert "not a sound database" in said.stderr
    assert "put a backup in its place" in said.stderr
    assert seeded.layout.events.read_bytes() == events


def test_a_backup_of_a_running_loop_takes_its_place_and_goes_on(seeded: Place) -> None:
    backup = seeded.state.parent / "backup.db"
    database = Database(seeded.layout.database)  # as the running loop holds it
    store = open_store(database)
    SQLiteQueue(database, max_deliveries=None)
    before = [event.line() for event in store.events.after(0)]
    said = seeded.run("backup", str(backup))
    assert said.status == 0, said
    database.close()
    overwrite(0, 100)(seeded.layout.database)
    assert seeded.run("run", "--max-ticks", "1").status == 1
    for name in ("state.db-wal", "state.db-shm"):
        seeded.layout.database.with_name(name).unlink(missing_ok=True)
    backup.replace(seeded.layout.database)
    said = seeded.run("run", "--max-ticks", "1")
    assert said.status == 0, said
    lines = seeded.layout.events.read_text().splitlines()
    assert lines[: len(before)] == before
