"""A refusal is told once, until it changes."""

from __future__ import annotations

from forge_loop.database import Database
from forge_loop.store import Store
from support import samples
from support.samples import NOW
from support.stored import undone

ISSUE = samples.issue()


def test_what_was_said_last_is_not_news(store: Store) -> None:
    assert store.observations.record(ISSUE, ("closed: x",), at=NOW)
    assert not store.observations.record(ISSUE, ("closed: x",), at=NOW)
    assert store.observations.record(ISSUE, ("closed: x", "edited: y"), at=NOW)
    assert store.observations.record(ISSUE, (), at=NOW)
    assert not store.observations.record(ISSUE, (), at=NOW)
    assert store.observations.record(ISSUE, ("closed: x",), at=NOW)


def test_nothing_said_of_a_new_issue_is_news_once(store: Store) -> None:
    assert store.observations.record(ISSUE, (), at=NOW)
    assert not store.observations.record(ISSUE, (), at=NOW)


def test_each_issue_is_told_of_by_itself(store: Store) -> None:
    assert store.observations.record(ISSUE, ("closed: x",), at=NOW)
    assert store.observations.record(samples.issue(key="another"), ("closed: x",), at=NOW)


def test_what_is_undone_was_not_said(store: Store) -> None:
    with undone(store):
        assert store.observations.record(ISSUE, ("closed: x",), at=NOW)
    assert store.observations.record(ISSUE, ("closed: x",), at=NOW)


def test_the_newest_title_and_number_are_kept(store: Store, database: Database) -> None:
    store.observations.record(ISSUE, (), at=NOW)
    store.observations.record(samples.issue(title="Another", number=43), ("closed: x",), at=NOW)
    (row,) = database.query("SELECT issue_key, issue, title, reasons FROM observations")
    assert tuple(row) == ("i42", 43, "Another", '["closed: x"]')


def test_a_title_that_utf8_cannot_hold_is_spelled_out(store: Store) -> None:
    assert store.observations.record(samples.issue(title="\ud800"), ("hidden_text: \ud800",), at=NOW)
