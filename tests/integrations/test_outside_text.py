"""Text of strangers, made harmless."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forge_loop_integrations.outside_text import clean, one_line, utf16_units, within
from forge_loop_integrations.slack.blocks import escape


def test_what_is_not_seen_is_left_out() -> None:
    assert clean("a\u202eb\u200bc\x1b[31md\x00e\U000e0041f\ud800g") == "abc[31mdefg"


def test_line_ends_stay_and_are_of_one_kind() -> None:
    assert clean("a\r\nb\rc\nd\te") == "a\nb\nc\nd e"
    assert one_line("  a\r\n\n b  ") == "a b"


def test_a_cut_never_leaves_half_an_escape() -> None:
    assert within("&" * 100, 12, escape) == "&amp;&amp;…"


def test_what_fits_is_not_cut() -> None:
    assert within("abc", 3) == "abc"
    assert within("abcd", 3) == "ab…"
    assert within("", 3) == ""


@given(st.text(), st.integers(1, 50))
def test_nothing_is_longer_than_it_may_be(text: str, most: int) -> None:
    assert len(within(text, most, escape)) <= most
    assert utf16_units(within(text, most, measure=utf16_units)) <= most
