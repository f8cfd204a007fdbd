"""No number is written twice: a constant has one home, and a default of the settings stands in their model alone."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import forge_loop
from forge_loop.config.model import Settings
from support.tree import ROOT

SOURCE = Path(forge_loop.__file__).parent


def constants(path: Path) -> list[tuple[str, float]]:
    """The module's named numbers: `NAME = 60.0`, `NAME = 16 * 2**20`, `NAME = timedelta(hours=1)` by its argument."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            number = worth(node.value)
            if number is not None:
                found.append((node.targets[0].id.lstrip("_"), number))
    return found


def worth(node: ast.expr) -> float | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "timedelta":
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        parts = [(units.get(word.arg or ""), worth(word.value)) for word in node.keywords]
        return sum(unit * part for unit, part in parts if unit is not None and part is not None)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Pow):
        left, right = worth(node.left), worth(node.right)
        if left is None or right is None:
            return None
        return left * right if isinstance(node.op, ast.Mult) else float(left**right)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def test_a_number_of_one_name_and_one_value_stands_in_one_module() -> None:
    homes = defaultdict(list)
    for path in sorted(SOURCE.rglob("*.py")):
        for name, number in constants(path):
            homes[(name, number)].append(str(path.relative_to(SOURCE)))
    assert {constant: places for constant, places in homes.items() if len(places) > 1} == {}
    assert len(homes) > 50


def numbers_of(kind: Any) -> set[tuple[str, float]]:
    """Every setting that is a number, by its own name, with its default."""
    found: set[tuple[str, float]] = set()
    for each in fields(kind):
        value = each.default if each.default_factory is MISSING else each.default_factory()
        if is_dataclass(value):
            found |= numbers_of(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.add((each.name, float(value)))
    return found


def defaults(tree: ast.AST) -> Iterator[tuple[str, float, int]]:
    """What parameters and fields are when nobody says: name, number, line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            pairs = [(node.target.id, node.value)]
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            given = positional[len(positional) - len(node.defaults) :]
            pairs = [(each.arg, value) for each, value in zip(given, node.defaults, strict=True)]
            pairs += [(each.arg, value) for each, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value]
        else:
            continue
        yield from ((name, number, value.lineno) for name, value in pairs if (number := worth(value)) is not None)


def test_no_parameter_and_no_field_repeats_the_default_of_a_setting() -> None:
    settings = numbers_of(Settings)
    assert ("parallel", 3.0) in settings
    repeated = [
        f"{path.relative_to(ROOT)}:{line}: {name} = {number}"
        for path in sorted(ROOT.glob("packages/*/src/**/*.py"))
        for name, number, line in defaults(ast.parse(path.read_text()))
        if (name, number) in settings
    ]
    assert repeated == []


def test_a_repeated_default_would_be_seen() -> None:
    tree = ast.parse(
        "def run(directory, timeout: float = 7200.0, *, rounds=3): ...\nclass Own:\n    stop: float = 900.0\n"
    )
    found = {(name, number) for name, number, _ in defaults(tree)}
    assert found == {("timeout", 7200.0), ("rounds", 3.0), ("stop", 900.0)}
    assert found <= numbers_of(Settings)
