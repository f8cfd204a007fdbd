"""Thin or not: a rule with two thresholds; and the expanded spec is taken whole or not at all."""

from __future__ import annotations

import time
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings

from forge_loop.domain.spec import (
    EXPANSION_SCHEMA,
    LONGEST_ASSUMPTION,
    LONGEST_SPEC,
    MOST_ASSUMPTIONS,
    SECTIONS,
    file_pointers,
    is_thin,
    missing_sections,
    parse_expansion,
)
from support.json_schema import JSON, accepts, nearly, values


def body(*sections: str, length: int = 1000) -> str:
    """A text with these headings, of exactly so many characters."""
    text = "".join(f"## {section}\n\n" for section in sections)
    return text + "x" * (length - len(text))


def test_the_five_sections_are_those_of_the_design() -> None:
    assert SECTIONS == ("Problem", "Acceptance criteria", "Test matrix", "Out of scope", "File pointers")


@pytest.mark.parametrize("count", range(6))
def test_fewer_than_three_of_the_five_sections_are_thin_whichever_they_are(count: int) -> None:
    for sections in combinations(SECTIONS, count):
        assert missing_sections(body(*sections)) == tuple(name for name in SECTIONS if name not in sections)
        assert is_thin(body(*sections)) is (count < 3)


@pytest.mark.parametrize(("length", "thin"), [(399, True), (400, False), (401, False)])
def test_fewer_than_400_characters_are_thin(length: int, thin: bool) -> None:
    assert is_thin(body(*SECTIONS, length=length)) is thin


def test_space_around_a_text_makes_it_no_longer() -> None:
    assert is_thin("\n" * 300 + body(*SECTIONS, length=399) + " " * 300)


def test_nothing_is_thin() -> None:
    assert is_thin("")
    assert missing_sections("") == SECTIONS


@pytest.mark.parametrize(
    "heading",
    [
        "# Problem",
        "###### Problem",
        "## PROBLEM",
        "##   problem  ",
        "## Problem ##",
        "##\tProblem",
        "## Problem\r",
        "## Description",
        "## Problem ## \r",
    ],
)
def test_a_heading_counts_however_it_is_written(heading: str) -> None:
    assert "Problem" not in missing_sections(f"Some words.\n{heading}\nMore words.\n")


@pytest.mark.parametrize(
    "line", ["Problem", "##Problem", "####### Problem", "- ## Problem", "## Problems", "## The problem", "## "]
)
def test_what_is_no_heading_of_that_name_does_not_count(line: str) -> None:
    assert "Problem" in missing_sections(f"Some words.\n{line}\nMore words.\n")


@pytest.mark.parametrize("filler", ["# ", " #", " ", "\t", "#"])
def test_a_line_made_to_be_slow_is_not(filler: str) -> None:
    """The text is a stranger's and as long as the tracker allows: the answer comes in time that grows with it."""
    began = time.process_time()
    missing_sections("# " + filler * 65536 + "x")
    assert time.process_time() - began < 0.5


def test_an_expansion_is_its_spec_with_the_assumptions_below() -> None:
    report = {"spec": " ## Problem\n\nIt is silent.\n\n", "assumptions": ["English", "one line"]}
    assert parse_expansion(report) == ("## Problem\n\nIt is silent.\n\n## Assumptions\n\n- English\n- one line\n")
    assert parse_expansion({"spec": "It is silent.", "assumptions": []}) == "It is silent.\n"


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        {},
        "spec",
        {"spec": "x"},
        {"assumptions": []},
        {"spec": "", "assumptions": []},
        {"spec": " \n", "assumptions": []},
        {"spec": None, "assumptions": []},
        {"spec": 1, "assumptions": []},
        {"spec": "x", "assumptions": None},
        {"spec": "x", "assumptions": "none"},
        {"spec": "x", "assumptions": [1]},
        {"spec": "x", "assumptions": [], "title": "x"},
    ],
)
def test_anything_else_is_no_expansion(report: object) -> None:
    assert parse_expansion(report) is None


@pytest.mark.parametrize(
    "report",
    [
        {"spec": "x" * (LONGEST_SPEC + 1), "assumptions": []},
        {"spec": "x", "assumptions": ["y"] * (MOST_ASSUMPTIONS + 1)},
        {"spec": "x", "assumptions": ["y" * (LONGEST_ASSUMPTION + 1)]},
    ],
)
def test_an_expansion_of_more_than_a_page_or_two_is_none(report: dict[str, Any]) -> None:
    assert parse_expansion(report) is None
    assert not accepts(EXPANSION_SCHEMA, report)
    assert parse_expansion({"spec": "x" * LONGEST_SPEC, "assumptions": ["y" * LONGEST_ASSUMPTION] * MOST_ASSUMPTIONS})


@settings(deadline=None)
@given(values(EXPANSION_SCHEMA))
def test_what_the_schema_asks_for_is_understood(report: dict[str, Any]) -> None:
    spec = parse_expansion(report)
    assert spec is not None
    assert spec.startswith(report["spec"].strip())
    assert all(f"- {assumption}\n" in spec for assumption in report["assumptions"])


@settings(deadline=None)
@given(nearly(EXPANSION_SCHEMA) | JSON)
def test_schema_and_parser_refuse_the_same(report: Any) -> None:
    assert (parse_expansion(report) is not None) is accepts(EXPANSION_SCHEMA, report)


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("- src/a.py", {"src/a.py"}),
        ("- `src/a.py`: the parser, and `src/b/`", {"src/a.py", "src/b"}),
        ("1. ./setup.cfg: the version", {"setup.cfg"}),
        ("* src/a.py:12-40, the loop", {"src/a.py"}),
        ("- `src/a.py:7`", {"src/a.py"}),
        ("see `docs/x.md`.", {"docs/x.md"}),
        ("- the parser in `parse()` and `dict`", set()),
        ("- https://example.org/a.py", set()),
        ("- /etc/passwd and `../outside.py` and `a/../b.py`", set()),
        ("src/not-an-entry.py", set()),
        ("- `a b.py`", set()),
    ],
)
def test_file_pointers_are_paths_of_the_repository(line: str, paths: set[str]) -> None:
    assert file_pointers(f"## File pointers\n\n{line}\n") == paths


def test_only_the_section_of_file_pointers_points() -> None:
    text = "## Problem\n- src/a.py\n\n### file pointers ##\n- src/b.py\n\n## Out of scope\n- src/c.py\n"
    assert file_pointers(text) == {"src/b.py"}
    assert file_pointers("- src/a.py\n") == frozenset()
