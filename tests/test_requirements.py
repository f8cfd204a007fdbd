"""The manifest of requirements, both ways, and the README that shows it."""

from __future__ import annotations

import ast
from collections import Counter

from behaviours.critics import CRITICS
from behaviours.expanders import EXPANDERS
from behaviours.outages import OUTAGES
from behaviours.workers import WORKERS
from forge_loop.domain.job import FailureKind
from lifecycle_rules import FAILURES, LIFECYCLE
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


ROWS = {case.name: case.ends.kind for case in (*WORKERS, *CRITICS, *EXPANDERS)}
PLAYED = {*ROWS, *(outage.name for outage in OUTAGES)}


def test_every_rule_of_a_jobs_life_is_shown_as_a_decision_and_through_the_loop() -> None:
    assert [rule.id for rule in LIFECYCLE if not rule.decided or not (rule.cases or rule.played)] == []


def test_every_kind_of_failure_has_its_rule_and_only_one() -> None:
    named = Counter(kind for rule in FAILURES for kind in rule.kinds)
    assert named == Counter(FailureKind)


def test_every_scripted_behaviour_belongs_to_one_rule_and_every_row_that_is_named_is_there() -> None:
    assert Counter(case for rule in LIFECYCLE for case in rule.cases) == Counter(PLAYED)
    assert len(PLAYED) == len(ROWS) + len(OUTAGES) > 40


def test_a_behaviour_that_fails_an_attempt_belongs_to_the_rule_of_its_kind() -> None:
    kinds = {case: rule.kinds for rule in LIFECYCLE for case in rule.cases}
    assert {name: kind for name, kind in ROWS.items() if kind is not None and kind not in kinds[name]} == {}


def test_the_readme_shows_the_stability_matrix_and_the_guarantees_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_generated(text), "run scripts/readme"
