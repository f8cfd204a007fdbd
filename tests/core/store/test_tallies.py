"""Counts change with their events and outlive them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from forge_loop.database import Database
from forge_loop.domain.events import LoopStopped, TickFinished, WatchdogEndedSession
from forge_loop.store import Store, open_store
from forge_loop.store.versions import COMPONENT
from support.samples import NOW
from support.stored import undone


def counts(database: Database) -> dict[tuple[str, str], tuple[int, float]]:
    rows = database.query("SELECT * FROM tallies")
    return {(row["family"], row["label"]): (row["count"], row["total"]) for row in rows}


def test_an_event_adds_to_its_counts(database: Database, store: Store) -> None:
    for seconds in (0.02, 0.03, 100.0):
        store.events.append(TickFinished(seconds=seconds, in_hand=0), at=NOW)
    assert counts(database) == {
        ("events", "tick.finished"): (3, 0.0),
        ("ticks", "0.05"): (2, 0.05),
        ("ticks", "+Inf"): (1, 100.0),
    }


def test_an_event_that_is_undone_counts_for_nothing(database: Database, store: Store) -> None:
    with undone(store):
        store.events.append(LoopStopped(reason="r"), at=NOW)
    assert counts(database) == {}


def test_counts_stay_where_events_are_removed(database: Database, store: Store) -> None:
    store.events.append(LoopStopped(reason="r"), at=NOW)
    before = counts(database)
    with database.transaction() as connection:
        connection.execute("DELETE FROM events")
    assert counts(database) == before != {}


def test_a_database_from_before_the_counts_is_counted_once(path: Path) -> None:
    scripts = sorted((files("forge_loop.store") / "schema").iterdir(), key=lambda entry: entry.name)
    earlier = [entry.read_text() for entry in scripts if entry.name < "004.sql"]
    database = Database(path, durability="normal")
    database.migrate(COMPONENT, earlier)
    ended = WatchdogEndedSession(role="worker", reason="no sign of life")
    with database.transaction() as connection:
        for seq, (kind, data) in enumerate(
            [("loop.stopped", "{}"), ("loop.stopped", "{}"), (ended.kind, '{"reason": "no sign of life"}')], start=1
        ):
            connection.execute(
                "INSERT INTO events VALUES (?, ?, ?, '', NULL, NULL, NULL, NULL, ?)", (seq, "", kind, data)
            )
    open_store(database)
    open_store(database)
    assert counts(database) == {
        ("events", "loop.stopped"): (2, 0.0),
        ("events", "watchdog.ended_session"): (1, 0.0),
        ("watchdog", "no sign of life"): (1, 0.0),
    }
    database.close()
