"""Which YAML is read, and which is refused with its place."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.config.nodes import Table
from forge_loop.config.strict_yaml import MOST_CHARACTERS, MOST_LEVELS, plain, read
from forge_loop.errors import ConfigError


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(text, source="f.yaml")
    return caught.value.problems


@pytest.mark.parametrize("written", ["yes", "no", "on", "off", "y", "n", "True", "FALSE", "Yes", "NULL", "Null"])
def test_only_true_and_false_are_booleans_and_only_null_is_null(written: str) -> None:
    assert plain(f"a: {written}", "f.yaml") == {"a": written}


@pytest.mark.parametrize(
    "written",
    ["010", "0o10", "0x1f", "0b1", "1_000", "12:30", "1:30:00", "2026-01-31", "2026-01-31 12:00:00", "+-1", "1e999"],
)
def test_octal_sexagesimal_dates_and_their_like_are_text(written: str) -> None:
    assert plain(f"a: {written}", "f.yaml") == {"a": written}


@pytest.mark.parametrize("written", [".inf", ".nan", "-.INF", ".", "e5", "1e", "--1", "1.2.3"])
def test_what_only_resembles_a_number_is_text(written: str) -> None:
    assert plain(f"a: {written}", "f.yaml") == {"a": written}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("'true'", "true"),
        ('"7"', "7"),
        ("loop:ready", "loop:ready"),
        ("999999999999999999", 999999999999999999),
        ("9999999999999999999", "9999999999999999999"),
    ],
)
def test_a_scalar_means_what_it_looks_like(written: str, value: object) -> None:
    read_back = plain(f"a: {written}", "f.yaml")
    assert read_back == {"a": value}
    assert isinstance(read_back, dict)
    assert type(read_back["a"]) is type(value)


def test_lists_and_mappings_nest_in_both_styles() -> None:
    text = "a:\n  - b: 1\n    c: [x, {d: e}]\n  - |\n    two\n    lines\n"
    assert plain(text, "f.yaml") == {"a": [{"b": 1, "c": ["x", {"d": "e"}]}, "two\nlines\n"]}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n"])
def test_an_empty_document_is_null(text: str) -> None:
    assert plain(text, "f.yaml") is None


def test_every_key_and_value_knows_its_line_and_column() -> None:
    document = read("a: 1\nworker:\n  timeout:   2h\n", source="f.yaml")
    assert isinstance(document, Table)
    worker = document.entries[1].value
    assert isinstance(worker, Table)
    assert str(worker.entries[0].place) == "f.yaml:3:3"
    assert str(worker.entries[0].value.place) == "f.yaml:3:14"
    assert worker.entries[0].place.origin == "f.yaml:3"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: the key 'a' stands on line 1 already"),
        ("a: &x 1", "f.yaml:1:4: the anchor &x is not read"),
        ("a: &x [1]", "f.yaml:1:4: the anchor &x is not read"),
        ("a: *x", "f.yaml:1:4: aliases are not read; write the value out"),
        ("a: !!int 1", "f.yaml:1:4: the tag tag:yaml.org,2002:int is not read"),
        (
            "a: !!python/object:os.system {}",
            "f.yaml:1:4: the tag tag:yaml.org,2002:python/object:os.system is not read",
        ),
        ("a: ! x", "f.yaml:1:4: the tag ! is not read"),
        ("%YAML 1.1\n---\na: 1", "f.yaml:1:1: directives are not read"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "f.yaml:1:1: directives are not read"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document; only one is read"),
        ("? [a]\n: 1", "f.yaml:1:3: a key must be a plain, non-empty scalar"),
        ("'': 1", "f.yaml:1:1: a key must be a plain, non-empty scalar"),
        ("a:\n\tb: 1", "f.yaml:2:1: found character '\\t' that cannot start any token"),
        ("a: b\x00", "f.yaml:1:5: the character U+0000 is not allowed"),
        ("a: 1\nb: \ud800", "f.yaml:2:4: the character U+D800 is not allowed"),
        ('a: "\\ud800"', "f.yaml:1:4: an escape that is not a character"),
        ('a: "\\UFFFFFFFF"', "f.yaml:1:7: a number or an escape out of range"),
        ("%YAML " + "9" * 5000 + ".1\n---\n", "f.yaml:1:7: a number or an escape out of range"),
        ("a: {b", "f.yaml:1:6: expected ',' or '}', but got '<stream end>'"),
        ("a" * (MOST_CHARACTERS + 1), f"f.yaml:1:1: longer than {MOST_CHARACTERS} characters"),
    ],
)
def test_what_is_not_read_is_refused_at_its_place(text: str, problem: str) -> None:
    assert problems(text) == (problem,)


def test_all_problems_of_a_readable_document_are_told_at_once() -> None:
    assert [line.partition(": ")[0] for line in problems("a: 1\na: 2\nb: &x 3\nc: *x\n")] == [
        "f.yaml:2:1",
        "f.yaml:3:4",
        "f.yaml:4:4",
    ]


def test_depth_is_bounded() -> None:
    assert read("[" * MOST_LEVELS + "]" * MOST_LEVELS, source="f.yaml")
    assert problems("[" * 50_000) == (f"f.yaml:1:{MOST_LEVELS + 1}: nested deeper than {MOST_LEVELS} levels",)


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert plain("<<: {a: 1}", "f.yaml") == {"<<": {"a": 1}}


def read_or_refuse(text: str) -> None:
    told: tuple[str, ...] = ("f.yaml:1:1: none",)
    try:
        plain(text, "f.yaml")
    except ConfigError as error:
        told = error.problems
    assert told
    assert all(re.match(r"f\.yaml:\d+:\d+: .", line) for line in told)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("-:?[]{}#&*!|>'\"%@`~\\ \t\n0123456789abcxuU_.,"))))
def test_any_text_is_read_or_refused_with_a_typed_error(text: str) -> None:
    read_or_refuse(text)


# fmt: off
PIECES = [
    'a:_', 'b:_', '-_', '[', ']', '{', '}', '&x_', '*x_', '!t_', '?_', '1', "'q'", '_', '"', "'", ',_', ':_',
    '<<:_', '~', '\\t', '#_c', '|N', '>-N', '---N', '...N', 'N', '__', '%YAML_1.1N', '"\\x', '"\\U0011',
]
# fmt: on


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_heap_of_yaml_pieces_is_read_or_refused_with_a_typed_error(pieces: list[str]) -> None:
    read_or_refuse("".join(pieces).replace("_", " ").replace("N", "\n"))


_names = st.text(alphabet="abcdefgh", min_size=1, max_size=8)


@given(st.dictionaries(_names, st.one_of(st.integers(-(10**17), 10**17), st.booleans(), _names), min_size=1))
def test_what_json_writes_is_read_back(written: dict[str, object]) -> None:
    assert plain(json.dumps(written), "f.yaml") == written


@pytest.mark.parametrize("piece", ["a: ", "- ", "? ", "[a,", "{a: ", "'", "# \n", "a: 1\n", "%", "|\n"])
def test_hostile_repetition_is_read_in_bounded_time(piece: str) -> None:
    started = time.process_time()
    read_or_refuse(piece * (64 * 1024 // len(piece)))
    assert time.process_time() - started < 10
