"""What is repeated on a forge calls nobody, closes nothing and hides nothing."""

from __future__ import annotations

import pytest

from forge_loop.domain.outward import CUT, cut, harmless, one_line


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
