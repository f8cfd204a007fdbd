"""The manifest of requirements, both ways, and the README that shows it."""

from __future__ import annotations

import ast
from collections import Counter

from requirements import PROMISES, REQUIREMENTS
from support.readme import README, with_generated
from support.tree import ROOT, parse


def functions_in(file: str) -> set[str]:
    path = ROOT / file
    if not path.is_file():
        return set()
    return {node.name for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef)}


def missing(tests: tuple[str, ...]) -> list[str]:
    return [test for test in tests if test.partition("::")[2] not in functions_in(test.partition("::")[0])]


def test_no_id_stands_twice() -> None:
    assert [name for name, times in Counter(each.id for each in REQUIREMENTS).items() if times > 1] == []


def test_every_requirement_names_a_test_or_a_guarantee_says_what_is_missing() -> None:
    assert [each.id for each in REQUIREMENTS if not each.tests and not each.missing] == []
    assert [each.id for each in PROMISES if each.missing] == []


def test_every_test_that_is_named_exists() -> None:
    assert {each.id: found for each in REQUIREMENTS if (found := missing(each.tests))} == {}


def test_a_test_that_is_not_there_would_be_seen() -> None:
    gone = ("tests/test_requirements.py::test_of_another_name", "tests/no_such_file.py::test_x")
    assert missing(gone) == list(gone)


def test_the_readme_shows_the_stability_matrix_and_the_guarantees_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_generated(text), "run scripts/readme"
