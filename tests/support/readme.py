"""The generated parts of the README: `scripts/readme` writes them, a test compares them.

Owns: the stability matrix and the list of guarantees as Markdown. Must not: hold a fact; those stand in
`forge_loop.stability` and in `tests/requirements.py`.
"""

from __future__ import annotations

from forge_loop.stability import DISTRIBUTIONS, Distribution
from requirements import GUARANTEES, Requirement
from support.tree import ROOT

README = ROOT / "README.md"


def matrix() -> str:
    rows = ["| stability | distribution | ships | install |", "|---|---|---|---|", *map(_row, DISTRIBUTIONS)]
    return "\n".join(rows)


def _row(each: Distribution) -> str:
    ships = each.ships if each.built else f"{each.ships} - **not built yet**"
    return f"| {each.stability} | `{each.name}` | {ships} | `uv pip install {each.install}` |"


def guarantees() -> str:
    return "\n".join(f"{number}. {_line(each)}" for number, each in enumerate(GUARANTEES, start=1))


def _line(each: Requirement) -> str:
    files = dict.fromkeys(test.partition("::")[0] for test in each.tests)
    shown = ", ".join(f"[{file.rpartition('/')[2]}]({file})" for file in files)
    if not each.missing:
        return f"{each.says} _Kept ({each.id}: {shown})._"
    if not shown:
        return f"{each.says} _Not yet ({each.id}): {each.missing}._"
    return f"{each.says} _In part ({each.id}: {shown}): {each.missing}._"


def with_generated(text: str) -> str:
    """The README with its generated parts as they should be."""
    for name, content in {"stability": matrix(), "guarantees": guarantees()}.items():
        text = between(text, name, content)
    return text


def between(text: str, name: str, content: str) -> str:
    """The document with `content` as its generated part `name`."""
    start, end = f"<!-- {name}: scripts/readme -->\n", f"<!-- end of {name} -->"
    before, begun, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not begun or not found:
        raise ValueError(f"there is no part {name!r}")
    return before + start + content + "\n" + end + after


if __name__ == "__main__":
    README.write_text(with_generated(README.read_text(encoding="utf-8")), encoding="utf-8")
