"""Imports point down; import-linter decides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.tree import CORE, ROOT, toml


def contract(name: str) -> dict[str, object]:
    contracts = toml(ROOT / "pyproject.toml")["tool"]["importlinter"]["contracts"]
    found: dict[str, object] = next(each for each in contracts if each["id"] == name)
    return found


def names(value: object) -> list[str]:
    assert isinstance(value, list)
    return [name.strip() for line in value for name in line.split("|")]


def modules_on_disk(package: Path) -> set[str]:
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


def test_every_import_contract_is_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_layer_list_names_exactly_what_is_on_disk() -> None:
    layers = contract("layers")
    assert sorted(names(layers["layers"]) + names(layers["exhaustive_ignores"])) == sorted(modules_on_disk(CORE))


def test_satellites_see_nothing_of_core_but_its_public_surface() -> None:
    open_to_satellites = {"errors", "extension", "stability", "status", "__main__"}
    hidden = {name.removeprefix("forge_loop.") for name in names(contract("public")["protected_modules"])}
    assert hidden == modules_on_disk(CORE) - open_to_satellites
