"""Rows and the dataclasses they are of: what goes in comes out, and the tables have just these columns."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_loop.database import Database
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.pipeline import CRITIC_ALONE
from forge_loop.store import (
    EffectState,
    LoopRow,
    RequestState,
    Store,
    open_store,
)
from forge_loop.store.table import Table
from support.samples import NOW
from support.stored import stored_approval, stored_attempt, stored_job, undone
from support.tables import TABLES

TEXT = st.text(max_size=20)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
OBJECTS = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=3)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a column's type, as the table promises to keep them: times to the millisecond, 64-bit integers."""
    if isinstance(hint, UnionType):
        return st.one_of([of_type(part) for part in get_args(hint)])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        int: st.integers(min_value=-(2**63), max_value=2**63 - 1),
        float: st.floats(allow_nan=False),
        bool: st.booleans(),
        datetime: MOMENTS,
        type(None): st.none(),
        tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
        tuple[int, ...]: st.lists(st.integers(), max_size=3).map(tuple),
        tuple[dict[str, Any], ...]: st.lists(OBJECTS, max_size=3).map(tuple),
        dict[str, Any]: OBJECTS,
    }
    return known[hint]


def rows(kind: type[Any], *, without: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the fields of a row that point to no other row."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name not in without | {"id"}]
    return st.fixed_dictionaries({name: of_type(hints[name]) for name in names})


def pointers(store: Store, name: str) -> dict[str, Any]:
    """The rows that a row of this table must point to."""
    if name in ("approvals", "requests", "refusals", "base_checks", "proposals", "limits", "pipelines"):
        return {}
    if name == "jobs":
        return {"approval": stored_approval(store).id}
    job = stored_job(store)
    if name == "attempts":
        return {"job": job.id, "pipeline": store.pipelines.keep(CRITIC_ALONE, at=NOW)}
    if name == "sessions":
        return {"job": job.id, "attempt": stored_attempt(store, job).id}
    if name == "findings":
        return {"job": job.id, "review": store.reviews.insert(**review(job.id)).id}
    return {"job": job.id}


def pointing(store: Store, name: str) -> frozenset[str]:
    """The columns of this table that point to other rows."""
    names: list[str] = []
    with undone(store):
        names.extend(pointers(store, name))
    return frozenset(names)


def review(job: int) -> dict[str, Any]:
    shas = dict.fromkeys(("head_sha", "base_sha", "brief_sha256", "snapshot_sha256"), "a" * 40)
    rest = {"attempt": 1, "session": "s", "round": 0, "overall": "approve", "approves": True, "reviewed": (), "at": NOW}
    return {"job": job, **shas, **rest}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One store for many examples, each undone at its end."""
    database = Database(tmp_path_factory.mktemp("table") / "state.db", durability="normal")
    yield open_store(database)
    database.close()


@pytest.mark.parametrize("name", TABLES)
def test_a_row_comes_out_as_it_went_in(name: str, lasting: Store) -> None:
    without = pointing(lasting, name)

    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(rows(TABLES[name], without=without))
    def round_trip(values: dict[str, Any]) -> None:
        table: Table[Any] = getattr(lasting, name)
        with undone(lasting):
            values = {**values, **pointers(lasting, name)}
            inserted = table.insert(**values)
            assert {field.name: getattr(inserted, field.name) for field in fields(inserted)} == {
                "id": inserted.id,
                **values,
            }
            assert table.get(inserted.id) == inserted

    round_trip()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=rows(LoopRow, without=frozenset({"id"})))
def test_the_loops_own_row_comes_out_as_it_went_in(values: dict[str, Any], lasting: Store) -> None:
    with undone(lasting):
        lasting.update_loop(**values)
        assert lasting.loop() == LoopRow(id=1, **values)


@pytest.mark.parametrize(("name", "kind"), [*TABLES.items(), ("loop", LoopRow)])
def test_a_table_has_the_columns_of_its_dataclass_and_null_where_none_is_allowed(
    name: str, kind: type[Any], store: Store, database: Database
) -> None:
    hints = get_type_hints(kind)
    columns = {row["name"]: not row["notnull"] for row in database.query(f"PRAGMA table_info({name})")}
    allowed = {field: type(None) in get_args(hint) for field, hint in hints.items()}
    assert columns == {**allowed, "id": True}  # SQLite calls a rowid nullable


def test_every_table_is_one_of_these(store: Store, database: Database) -> None:
    rows = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT'")
    assert {row["name"] for row in rows} == {*TABLES, "loop", "events", "observations"}


def nullable(kind: type[Any]) -> list[str]:
    return [name for name, hint in get_type_hints(kind).items() if type(None) in get_args(hint)]


def test_what_is_left_out_takes_the_dataclasses_default(store: Store) -> None:
    job = stored_job(store)
    for field in fields(Job):
        if field.default is not MISSING and field.name != "priority":
            assert getattr(job, field.name) == field.default


def test_every_column_of_a_job_that_may_be_none_can_be_emptied_again(store: Store) -> None:
    job = stored_job(
        store,
        resume_state=JobState.WORKING,
        failure_kind=FailureKind.LOST,
        fingerprint="abc",
        not_before=NOW,
        withheld=("one", "two"),
    )
    assert (job.resume_state, job.failure_kind, job.withheld) == (JobState.WORKING, FailureKind.LOST, ("one", "two"))
    emptied = store.jobs.update(job.id, **dict.fromkeys(nullable(Job)))
    assert all(getattr(emptied, name) is None for name in nullable(Job))


def test_an_update_changes_the_named_columns_of_one_row_only(store: Store) -> None:
    one, other = stored_job(store), stored_job(store)
    changed = store.jobs.update(one.id, round=2, reason="why")
    assert changed == replace(one, round=2, reason="why")
    assert store.jobs.select() == [changed, other]


def test_a_time_is_kept_in_utc_to_the_millisecond(store: Store) -> None:
    moment = datetime(2026, 1, 31, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert stored_job(store, not_before=moment).not_before == datetime(2026, 1, 31, 12, 0, 0, 999000, tzinfo=UTC)


def test_text_that_utf8_cannot_hold_is_spelled_out(store: Store) -> None:
    assert stored_job(store, reason="half a pair: \ud800").reason == r"half a pair: \ud800"


def test_a_row_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(LookupError, match="jobs has no row 9"):
        store.jobs.get(9)
    with pytest.raises(LookupError, match="jobs has no row 9"):
        store.jobs.update(9, round=1)


def test_rows_are_selected_in_order_and_the_last_is_the_newest(store: Store) -> None:
    jobs = [stored_job(store, round=round_) for round_ in (1, 2, 1)]
    assert store.jobs.select("round = ?", 1) == [jobs[0], jobs[2]]
    assert store.jobs.select(order="id DESC", limit=2) == [jobs[2], jobs[1]]
    assert store.jobs.last("round = ?", 1) == jobs[2]
    assert store.jobs.last("round = ?", 7) is None
    assert store.jobs.select("state = ?", JobState.QUEUED) == jobs
    assert store.jobs.select("created_at >= ?", NOW) == jobs
    assert store.jobs.select("created_at > ?", NOW) == []


def test_the_database_knows_the_states_of_effects_and_requests(store: Store) -> None:
    job = stored_job(store)
    for index, state in enumerate(EffectState):
        store.effects.insert(key=str(index), kind="note", job=job.id, state=state, detail={}, intended_at=NOW)
    for asked in RequestState:
        store.requests.insert(kind="stop", issue=None, detail={}, requested_at=NOW, state=asked)


def test_columns_alone_are_read_as_their_types(store: Store) -> None:
    job = stored_job(store, state=JobState.COOLING)
    assert store.jobs.columns(("state", "created_at", "withheld"), "id = ?", job.id) == [
        (JobState.COOLING, job.created_at, job.withheld)
    ]
    assert store.jobs.columns(("id",), "state = ?", JobState.MERGED) == []
