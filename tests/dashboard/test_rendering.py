"""How values look, and that none of them becomes HTML on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forge_loop import Recorded
from forge_loop_dashboard.rendering import clock, data, due, markdown, span


def recorded(**fields: object) -> Recorded:
    return Recorded(
        seq=1,
        at=datetime(2026, 1, 31, tzinfo=UTC),
        kind="job.advanced",
        repo="r",
        issue=4,
        job=1,
        attempt=None,
        session=None,
        data=fields,
    )


def test_an_advance_is_an_arrow_and_what_is_empty_is_left_out() -> None:
    assert (
        data(recorded(before="working", after="handed_over", reason=None, paths=[])) == "<b>working → handed over</b>"
    )


def test_a_hash_is_short_and_whole_on_hover() -> None:
    assert data(recorded(head_sha="a" * 40)) == f'<span>head sha <span title="{"a" * 40}">{"a" * 12}</span></span>'


@pytest.mark.parametrize("hostile", ["<img src=x onerror=1>", ["<b>"], {"<i>": "</span>"}])
def test_what_an_event_carries_is_text(hostile: object) -> None:
    said = data(recorded(title=hostile, before="<x>", after="<y>"))
    assert not {"<img", "<i>&", "<x", "<y", '<b>"', '</span>"'} & {part for part in said.split() if part}
    assert "&lt;" in said
    assert "<img" not in said


def test_hidden_and_turning_characters_are_shown_as_markers() -> None:
    said = data(recorded(title="user\u202ereversed\u200b"))
    assert "\u202e" not in said
    assert "\u200b" not in said


def test_a_long_value_is_cut() -> None:
    assert len(data(recorded(title="x" * 100_000))) < 400


def test_a_moment_says_itself_before_any_script_ran() -> None:
    at = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    assert "2026-01-31 12:30:00 UTC" in due(at)
    assert ">12:30:00<" in clock(at.isoformat())
    assert clock("<no time>") == "&lt;no time&gt;"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (-5, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3661, "1h 1m"),
        (timedelta(days=2, hours=3).total_seconds(), "2d 3h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[link](javascript:alert(1))",
        "[link](data:text/html,x)",
        "![image](http://192.0.2.1/i.png)",
        '<a href="/x" hx-get="/y" data-hx-get="/z">a</a>',
        "<http://192.0.2.1/\u202e>",
    ],
)
def test_markdown_keeps_nothing_that_acts(hostile: str) -> None:
    html = markdown(hostile)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert " hx-get=" not in html.replace("&quot;", '"') or "&lt;a" in html
    assert "\u202e" not in html
