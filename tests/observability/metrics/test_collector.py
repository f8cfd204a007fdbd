"""A scrape reads the database as it stands, tells no zero for what it could not read, and goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import product
from pathlib import Path

from prometheus_client import Metric

from forge_loop.config.layout import StateLayout
from forge_loop.database import Database
from forge_loop.domain.events import LoopStopped
from forge_loop.queue import SQLiteQueue
from forge_loop.status.figures import Spread
from forge_loop.store import Store, open_store
from forge_loop_observability.metrics.collector import StateCollector, metric
from forge_loop_observability.metrics.exposition import registry_of, text
from forge_loop_observability.metrics.families import FAMILIES, Family, Kind, Spreads, Values
from support.prometheus import needs_prometheus, promtool
from support.samples import NOW
from support.stored import stored_job

Sample = tuple[str, Mapping[str, str]]


def scrape(state: Path) -> dict[str, Metric]:
    return {found.name: found for found in StateCollector(state).collect()}


def value(state_dir: Path, name: str, **labels: str) -> float | None:
    return registry_of(state_dir).get_sample_value(name, labels)


def a_database(path: Path) -> tuple[Store, Database]:
    database = Database(path, durability="normal")
    SQLiteQueue(database, max_deliveries=None)
    return open_store(database), database


def test_a_merge_shows_in_every_family_it_belongs_to(merged: Path) -> None:
    assert value(merged, "forge_loop_jobs", state="merged") == 1
    assert value(merged, "forge_loop_attempts_total", outcome="merged") == 1
    assert value(merged, "forge_loop_sessions_total", role="worker", outcome="done") == 1
    assert value(merged, "forge_loop_sessions_total", role="critic", outcome="done") == 1
    assert value(merged, "forge_loop_critic_reviews_total", verdict="approve") == 1
    assert value(merged, "forge_loop_pull_requests_total", outcome="merged") == 1
    assert value(merged, "forge_loop_checks_total", outcome="passed") == 2
    assert value(merged, "forge_loop_issue_lead_time_seconds_count") == 1
    assert value(merged, "forge_loop_events_written_total", type="job.merged") == 1
    assert value(merged, "forge_loop_up") == 0
    assert (value(merged, "forge_loop_last_tick_timestamp_seconds") or 0) > 1.7e9
    assert value(merged, "forge_loop_collector_errors_total") == 0


def test_every_combination_of_labels_is_told_with_0_where_nothing_has_been(tmp_path: Path) -> None:
    found = scrape(tmp_path)
    for family in FAMILIES:
        name = family.name.removesuffix("_total").removesuffix("_info")
        labels = {tuple(s.labels[label] for label in family.labels) for s in found[name].samples}
        assert labels == set(product(*family.labels.values())), family.name
        values = {s.value for s in found[name].samples}
        assert values == ({1} if family.kind is Kind.INFO else {0}), family.name


@needs_prometheus
def test_promtool_accepts_the_metrics_of_a_loop_and_of_none(merged: Path, tmp_path: Path) -> None:
    for state in (merged, tmp_path):
        said = promtool("check", "metrics", text=text(registry_of(state)))
        assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@needs_prometheus
def test_promtool_would_refuse_a_bad_name() -> None:
    said = promtool("check", "metrics", text="# TYPE waitMs counter\nwaitMs 1\n")
    assert said.returncode == 3


def test_a_value_that_is_not_enumerated_counts_as_other() -> None:
    family: Family[None] = Family(name="x_total", kind=Kind.COUNTER, help="h", read=lambda _: {}, labels={"a": ("b",)})
    found: Values = {("b",): 1, ("strange",): 2, ("stranger",): 3}
    made = metric(family, found)
    assert {s.labels["a"]: s.value for s in made.samples} == {"b": 1, "other": 5}


def test_the_buckets_of_a_histogram_add_up() -> None:
    family: Family[None] = Family(
        name="x", kind=Kind.HISTOGRAM, help="h", read=lambda _: {}, labels={}, bounds=(1.0, 5.0)
    )
    found: Spreads = {(): Spread(counts=(2, 3, 4), total=60.0)}
    made = metric(family, found)
    assert [s.value for s in made.samples if s.name == "x_bucket"] == [2, 5, 9]
    assert {s.name: s.value for s in made.samples if s.name != "x_bucket"} == {"x_count": 9, "x_sum": 60.0}


def test_a_file_that_is_no_database_is_an_error_and_not_a_zero(tmp_path: Path) -> None:
    StateLayout(tmp_path).database.write_bytes(b"this is not a database, and long enough to be read as one" * 100)
    collector = StateCollector(tmp_path)
    for scraped in (1, 2):
        found = {each.name: each for each in collector.collect()}
        assert "forge_loop_up" not in found
        assert found["forge_loop_collector_errors"].samples[0].value >= scraped


def test_a_database_of_an_older_version_tells_what_it_holds(tmp_path: Path) -> None:
    store, database = a_database(StateLayout(tmp_path).database)
    stored_job(store)
    with database.transaction() as connection:
        connection.execute("DROP TABLE tallies")
    database.close()
    found = scrape(tmp_path)
    assert {s.labels["state"]: s.value for s in found["forge_loop_jobs"].samples}["queued"] == 1
    assert "forge_loop_events_written" not in found
    assert found["forge_loop_collector_errors"].samples[0].value == 3


def test_a_scrape_sees_what_was_just_committed_and_keeps_nothing_open(tmp_path: Path) -> None:
    path = StateLayout(tmp_path).database
    store, database = a_database(path)
    registry = registry_of(tmp_path)
    for expected in (1, 2, 3):
        store.events.append(LoopStopped(reason="r"), at=NOW)
        name = "forge_loop_events_written_total"
        assert registry.get_sample_value(name, {"type": "loop.stopped"}) == expected
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


def test_a_write_that_is_under_way_does_not_keep_a_scrape_waiting(tmp_path: Path) -> None:
    store, database = a_database(StateLayout(tmp_path).database)
    with store.transaction():
        store.events.append(LoopStopped(reason="r"), at=NOW)
        assert value(tmp_path, "forge_loop_events_written_total", type="loop.stopped") == 0
    assert value(tmp_path, "forge_loop_events_written_total", type="loop.stopped") == 1
    database.close()
