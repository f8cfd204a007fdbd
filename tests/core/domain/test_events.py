"""Every kind of event, the line it is told in, and the document that lists them."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_loop.domain.events import KINDS, Event
from forge_loop.domain.recorded import Recorded, rfc3339
from support.tree import ROOT

BY_KIND = {kind.kind: kind for kind in KINDS}
DOCUMENT = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
KEYS = ["v", "seq", "at", "kind", "repo", "issue", "job", "attempt", "session", "data"]

# How a field's type is called in the document, and values of it.
TYPES: dict[Any, tuple[str, st.SearchStrategy[Any]]] = {
    int: ("int", st.integers()),
    str: ("text", st.text()),
    float: ("number", st.floats(allow_nan=False, allow_infinity=False)),
    bool: ("true or false", st.booleans()),
    tuple[str, ...]: ("list of text", st.lists(st.text(), max_size=3).map(tuple)),
    str | None: ("text or null", st.none() | st.text()),
    int | None: ("int or null", st.none() | st.integers()),
}


def fields(kind: type[Event]) -> dict[str, Any]:
    """A kind's fields and their types, in order."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}  # type: ignore[arg-type]


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(KINDS))
    return kind(**{name: draw(TYPES[hint][1]) for name, hint in fields(kind).items()})


def recorded(event: Event, **changes: Any) -> Recorded:
    values: dict[str, Any] = {
        "seq": 17,
        "at": datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),
        "kind": event.kind,
        "repo": "owner/name",
        "issue": 42,
        "job": 7,
        "attempt": 12,
        "session": None,
        "data": event.data(),
    }
    return Recorded(**{**values, **changes})


def test_no_two_kinds_have_one_name() -> None:
    assert len(BY_KIND) == len(KINDS)


def test_every_event_that_is_written_down_is_a_kind() -> None:
    """By name: a dataclass with slots is made twice, and the first make is a subclass too."""
    assert {kind.__name__ for kind in KINDS} == {kind.__name__ for kind in Event.__subclasses__()}


@pytest.mark.parametrize("kind", BY_KIND.values(), ids=BY_KIND)
def test_a_kind_is_a_noun_and_a_verb_in_the_past_tense(kind: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", kind.kind)
    verb = kind.kind.partition(".")[2].split("_")[0]
    assert verb.endswith("ed") or verb in {"done", "given", "activity", "limit", "permission", "low"}


@pytest.mark.parametrize("kind", BY_KIND.values(), ids=BY_KIND)
def test_a_kind_is_frozen_and_takes_its_fields_by_name_only(kind: type[Event]) -> None:
    values = dict.fromkeys(fields(kind))
    event: Any = kind(**values)
    name = next(iter(values), "kind")
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError, AttributeError)):
        setattr(event, name, 1)
    if values:
        with pytest.raises(TypeError, match="positional argument"):
            kind(*values.values())


@pytest.mark.parametrize("kind", BY_KIND.values(), ids=BY_KIND)
def test_a_kind_has_fields_that_json_can_hold(kind: type[Event]) -> None:
    assert set(fields(kind).values()) <= TYPES.keys()


@settings(deadline=None)
@given(events())
def test_a_line_is_one_line_of_json_with_its_keys_in_order(event: Event) -> None:
    line = recorded(event).line()
    assert "\n" not in line
    assert "\r" not in line
    assert list(json.loads(line)) == KEYS


@settings(deadline=None)
@given(events())
def test_what_an_event_holds_comes_back_from_its_line(event: Event) -> None:
    data = json.loads(recorded(event).line())["data"]
    assert list(data) == list(fields(type(event)))
    back = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    assert type(event)(**back) == event


def test_a_line_holds_what_was_recorded() -> None:
    event = BY_KIND["issue.released"](approval=3)  # type: ignore[call-arg]
    shape = json.loads(recorded(event, session="s", job=None).line())
    assert shape == {
        "v": 1,
        "seq": 17,
        "at": "2026-01-31T12:00:00.123Z",
        "kind": "issue.released",
        "repo": "owner/name",
        "issue": 42,
        "job": None,
        "attempt": 12,
        "session": "s",
        "data": {"approval": 3},
    }


def test_letters_stay_letters_in_a_line() -> None:
    event = BY_KIND["loop.stopped"](reason="naïve 日本語")  # type: ignore[call-arg]
    assert "naïve 日本語" in recorded(event).line()


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 1, 31, 12, 0, tzinfo=UTC), "2026-01-31T12:00:00.000Z"),
        (datetime(2026, 1, 31, 12, 0, 0, 999999, tzinfo=UTC), "2026-01-31T12:00:00.999Z"),
        (datetime(2026, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))), "2026-02-01T00:30:00.000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(moment: datetime, written: str) -> None:
    assert rfc3339(moment) == written


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_sort_as_text_as_they_do_as_times(one: datetime, other: datetime) -> None:
    """The database compares them as text."""
    if one <= other:
        assert rfc3339(one) <= rfc3339(other)


def documented() -> dict[str, str]:
    """The kinds that docs/events.md lists, and the cell that describes each one's data."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| .+ \|$", DOCUMENT, re.MULTILINE)
    assert len(dict(rows)) == len(rows), "a kind is listed twice"
    return dict(rows)


def test_the_document_lists_every_kind_and_no_other() -> None:
    assert set(documented()) == set(BY_KIND)


@pytest.mark.parametrize("kind", BY_KIND)
def test_the_document_describes_the_data_of_a_kind_as_it_is(kind: str) -> None:
    told = ", ".join(f"`{name}` {TYPES[hint][0]}" for name, hint in fields(BY_KIND[kind]).items())
    assert documented()[kind] == (told or "none")


def test_the_document_lists_a_kind_under_its_noun() -> None:
    for section in DOCUMENT.split("\n## ")[1:]:
        noun = section.split("\n")[0]
        assert {kind.partition(".")[0] for kind in re.findall(r"^\| `([a-z_.]+)`", section, re.MULTILINE)} == {noun}


def test_the_documents_example_is_a_line_as_it_is_written() -> None:
    example = DOCUMENT.split("```json\n")[1].split("\n```")[0]
    shape = json.loads(example)
    event = BY_KIND[shape["kind"]](**shape["data"])
    changes = {name: shape[name] for name in ("seq", "repo", "issue", "job", "attempt", "session")}
    assert recorded(event, **changes, at=datetime.fromisoformat(shape["at"])).line() == example
