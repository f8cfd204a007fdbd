"""What every module of the product keeps: a name that says what it knows, a docstring, its place for output."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.tree import CORE, parse, shown, sources

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "shared", "core", "lib"}
IMPURE_CALLS = {"now", "utcnow", "today", "open", "input", "print", "exec", "eval", "urandom", "uuid4"}


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node.lineno


def prints(tree: ast.Module) -> list[int]:
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "print"]


def missing_from_docstring(tree: ast.Module) -> list[str]:
    text = " ".join((ast.get_docstring(tree) or "").lower().split())
    return [phrase for phrase in ("owns", "must not") if phrase not in text]


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in sources() if {path.stem, path.parent.name} & VAGUE]
    assert [shown(path) for path in named] == []


@pytest.mark.parametrize("path", sources(), ids=shown)
def test_a_module_says_what_it_owns_and_what_it_must_not_do(path: Path) -> None:
    assert missing_from_docstring(parse(path)) == []


def test_only_the_command_line_prints() -> None:
    quiet = [path for path in sources(CORE) if not path.is_relative_to(CORE / "cli")]
    assert [f"{shown(path)}:{line}" for path in quiet for line in prints(parse(path))] == []


def test_the_domain_reads_no_clock_and_touches_nothing_outside() -> None:
    found = [
        f"{shown(path)}:{line} {name}()"
        for path in sources(CORE / "domain")
        for name, line in calls(parse(path))
        if name in IMPURE_CALLS
    ]
    assert found == []


def test_these_rules_would_see_a_breach() -> None:
    breach = ast.parse('"""Owns: nothing."""\nimport datetime\nprint(datetime.datetime.now())\n')
    assert missing_from_docstring(breach) == ["must not"]
    assert prints(breach) == [3]
    assert ("now", 3) in list(calls(breach))
