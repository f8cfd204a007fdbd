"""What is repeated on a forge calls nobody, closes nothing and hides nothing."""

from __future__ import annotations

import time

import pytest

from forge_loop.domain.outward import CUT, closing_nothing, closings, cut, harmless, one_line


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Fixed the greeting.", "Fixed the greeting."),
        ("Closes #12", "`Closes` `#12`"),
        ("closes: other/repo#3.", "`closes`: `other/repo#3`."),
        ("fixes https://github.com/o/r/issues/1", "`fixes` https://github.com/o/r/issues/1"),
        ("resolve GH-4", "`resolve` `GH-4`"),
        ("ask @octocat or @org/team", "ask `@octocat` or `@org/team`"),
        ("mail me@example.org", "mail me@example.org"),
        ("see `#5` and #6", "see `#5` and `#6`"),
        ("one ` stray, fixes #1", "one ' stray, `fixes` `#1`"),
        ("<img src=x>", "&lt;img src=x>"),
        ("![x](https://spy.example)", "!\\[x](https://spy.example)"),
    ],
)
def test_what_would_act_is_shown_as_code(said: str, shown: str) -> None:
    assert harmless(said) == shown


def test_what_is_hidden_is_shown() -> None:
    assert "Closes" in harmless("<!-- Closes nothing -->")
    assert "<!--" not in harmless("<!-- Closes nothing -->")


def test_a_code_span_that_is_not_closed_hides_no_mention() -> None:
    assert harmless("`a\n@octocat") == "'a\n`@octocat`"


def test_long_text_is_cut_with_a_mark() -> None:
    assert cut("x" * 10, 10) == "x" * 10
    assert cut("x" * 101, 100) == "x" * (100 - len(CUT)) + CUT


def test_one_line_is_one_line() -> None:
    assert one_line("a\n  b\tc", 10) == "a b c"
    assert one_line("a" * 11, 10) == "a" * 7 + "..."


@pytest.mark.parametrize(
    ("message", "closed", "quiet"),
    [
        ("Say hello", (), "Say hello"),
        ("See #9", (), "See #9"),
        ("Prefixes #9", (), "Prefixes #9"),
        ("Fixes #9", ("#9",), "Fixes 9"),
        ("close: #9 and CLOSES #10", ("#9", "#10"), "close: 9 and CLOSES 10"),
        ("resolved o/r#9", ("o/r#9",), "resolved o/r 9"),
        ("Fix GH-9", ("GH-9",), "Fix 9"),
        (
            "fixes https://github.com/o/r/issues/9",
            ("https://github.com/o/r/issues/9",),
            "fixes github.com/o/r/issues/9",
        ),
    ],
)
def test_a_title_that_becomes_a_commit_closes_nothing(message: str, closed: tuple[str, ...], quiet: str) -> None:
    assert closings(message) == closed
    assert closing_nothing(message) == quiet
    assert closings(quiet) == ()


def test_no_text_is_slow_to_make_harmless() -> None:
    """What is repeated is cut first; even so, no text may hold the loop up."""
    for text in ("_" * 100_000, "fixes " * 20_000, "a/" * 50_000, "`" * 100_000, "fixes" + " " * 100_000):
        began = time.process_time()
        harmless(text)
        closings(text)
        assert time.process_time() - began < 5
