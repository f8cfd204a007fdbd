"""What a command refuses is refused with the one next thing to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path(__file__).parents[2] / "packages"
FOR_THE_OPERATOR = frozenset({"OperatorError", "BriefError", "UnsupportedPlaceError"})


def of_commands() -> list[Path]:
    """The modules of core's command line, and those in which a satellite's commands are."""
    found = sorted(PACKAGES.glob("*/src/**/*.py"))
    return [path for path in found if {"cli", "commands"} & set(path.parts) or path.name in ("command.py", "paths.py")]


def bare(source: str) -> Iterator[int]:
    """The lines that raise such an error without a hint."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FOR_THE_OPERATOR:
            hint = next((word.value for word in node.keywords if word.arg == "hint"), None)
            if hint is None or (isinstance(hint, ast.Constant) and not hint.value):
                yield node.lineno


def test_every_refusal_of_a_command_has_a_hint() -> None:
    paths = of_commands()
    assert len(paths) > 50
    assert [f"{path.relative_to(PACKAGES)}:{line}" for path in paths for line in bare(path.read_text())] == []


def test_this_test_would_see_one_without() -> None:
    assert list(bare('raise OperatorError("no")')) == [1]
    assert list(bare('raise OperatorError("no", hint="")')) == [1]
    assert list(bare('raise OperatorError("no", hint="do this")')) == []
