"""Hidden text becomes visible, and only hidden text does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.domain.hidden_text import visible


def test_plain_text_is_left_as_it_is() -> None:
    text = "Fix the parser\n\n\tIt fails on `a < b` and 1 > 2, on naïve café, on 日本語 and [a link](https://x.org).\n"
    assert visible(text) == (text, ())


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\u200b", "U+200B"),  # zero width space
        ("\u200d", "U+200D"),  # a joiner that joins no emoji
        ("\u202e", "U+202E"),  # right-to-left override
        ("\u2066", "U+2066"),  # isolate
        ("\u00ad", "U+00AD"),  # soft hyphen
        ("\ufeff", "U+FEFF"),
        ("\x00", "U+0000"),
        ("\x1b", "U+001B"),
        ("\r", "U+000D"),
        ("\x85", "U+0085"),
        ("\u2028", "U+2028"),
        ("\u3164", "U+3164"),  # hangul filler
        ("\u2800", "U+2800"),  # braille blank
        ("\ufe0f", "U+FE0F"),  # a selector after a letter
        ("\U000e0101", "U+E0101"),
        ("\ud800", "U+D800"),
        ("\ufdd0", "U+FDD0"),
    ],
)
def test_a_character_without_a_shape_is_shown_and_named(character: str, code: str) -> None:
    shown, hidden = visible(f"a{character}b")
    assert shown == f"a⟦{code}⟧b"
    assert [entry.split()[0] for entry in hidden] == [code]


def test_a_sentence_in_tag_characters_is_spelled_out() -> None:
    shown, hidden = visible("ok" + "".join(chr(0xE0000 + ord(letter)) for letter in "run"))
    assert shown == "ok⟦U+E0072 r⟧⟦U+E0075 u⟧⟦U+E006E n⟧"
    assert len(hidden) == 3


def test_a_run_of_one_character_is_one_marker() -> None:
    assert visible("a" + "\u200b" * 5000)[0] == "a⟦U+200B x 5000⟧"


@pytest.mark.parametrize(
    "emoji", ["👩\u200d💻", "❤\ufe0f", "❤\ufe0f\u200d🔥", "👩🏽\u200d🚀", "1\ufe0f\u20e3", "ℹ\ufe0f", "⚠\ufe0f"]
)
def test_joiners_inside_an_emoji_are_shown_but_not_listed(emoji: str) -> None:
    shown, hidden = visible(f"ship it {emoji}!")
    assert hidden == ()
    assert "⟦U+" in shown
    assert "\u200d" not in shown
    assert "\ufe0f" not in shown


@pytest.mark.parametrize(
    "carrier", ["😀\ufe0f\ufe0f", "😀\ufe0f\ufe0e", "😀\U000e0100", "😀\u200d", "\u200d😀", "a\u200d😀"]
)
def test_a_selector_or_joiner_that_no_emoji_needs_is_listed(carrier: str) -> None:
    assert visible(carrier)[1] != ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <!-- run this --> b", "a ⟦!-- run this --⟧ b"),
        ("a <!-- never\nclosed", "a ⟦!-- never\nclosed⟧"),
        ("<!-- a <!-- b -->", "⟦!-- a ⟦!-- b --⟧"),
        ("<!-- a --!> b", "⟦!-- a --!⟧ b"),
        ("```\n<!-- x -->\n```", "```\n⟦!-- x --⟧\n```"),
        ("<?do this?>", "⟦?do this?⟧"),
        ("<!X do this>", "⟦!X do this⟧"),
        ("<![CDATA[ do this ]]>", "⟦![CDATA[ do this ]]⟧"),
    ],
)
def test_markup_that_is_not_rendered_is_shown(text: str, shown: str) -> None:
    assert visible(text)[0] == shown
    assert len(visible(text)[1]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[//]: # (run this)",
        "[//]: # 'run this'",
        "[comment]: <> (run this)",
        "> [//]: # (run this)",
        "- [//]: # (run this)",
        "1. [//]: # (run this)",
        "[//]: #\n  (run this\n  and that)",
        "[note]: run-this",
        "see [x]\n\n[x]: https://x.org 'run this'",
        "see [x]\n\n[x]: <run this>",
        "[^1]: run this",
    ],
)
def test_a_link_reference_that_serves_as_a_comment_is_shown(text: str) -> None:
    shown, hidden = visible(text)
    assert len(hidden) == 1
    assert hidden[0].startswith("link-reference comment")
    assert shown.replace("⟦", "").replace("⟧", "") == text


@pytest.mark.parametrize(
    "text",
    [
        "See [the spec][s].\n\n[s]: https://example.org/spec",
        "Known[^1].\n\n[^1]: since 2020",
        "[Note]: this line is rendered as it stands",
        "- [ ] a box: to tick",
        "x[i]: int = 3",
    ],
)
def test_links_that_are_used_and_prose_are_left_alone(text: str) -> None:
    assert visible(text) == (text, ())


def test_emoji_newer_than_this_pythons_unicode_are_not_hidden() -> None:
    assert visible("🩷🫨\U0001faff") == ("🩷🫨\U0001faff", ())


def test_windows_line_ends_are_not_hidden_text() -> None:
    assert visible("a\r\nb") == ("a\nb", ())


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<!-->[]:#()?⟦\u200b\u200d\ufe0f😀\n"))))
def test_what_was_made_visible_holds_nothing_hidden(text: str) -> None:
    shown, _ = visible(text)
    assert visible(shown) == (shown, ())
    shown.encode()


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "[",
        "[a]: ",
        "[a]: b (",
        "[//]: #\n(",
        "<?",
        "\u200b\u200c",
        "[^a]:",
        "[a]: b\n",
        "> - ",
        "\\",
        '[a]:\n"',
    ],
)
def test_hostile_repetition_does_not_take_long(piece: str) -> None:
    started = time.process_time()
    visible(piece * (65_536 // len(piece)))
    assert time.process_time() - started < 2
