"""No number is written twice: a constant has one home, and a default of the settings stands in their model alone."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import forge_loop

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
