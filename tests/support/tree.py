"""The repository as data: its root, its packages, its Python files and what is read from its tables.

Owns: where things lie in the checkout. Must not: import the product.
"""

from __future__ import annotations

import ast
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "packages"
CORE = PACKAGES / "forge-loop-core" / "src" / "forge_loop"


def project_files() -> list[Path]:
    """Every file that is or would be committed."""
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout.decode()
    paths = [ROOT / name for name in names.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def sources(under: Path = PACKAGES) -> list[Path]:
    """Every Python file of the product under a directory."""
    return sorted(path for path in under.rglob("*.py") if "__pycache__" not in path.parts)


def satellite_sources() -> list[Path]:
    return [path for path in sources() if not path.is_relative_to(CORE)]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    """A path as a person would name it."""
    return str(path.relative_to(ROOT))


def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def pyprojects() -> dict[str, dict[str, Any]]:
    """Distribution name -> its pyproject.toml, all six, the meta distribution first."""
    found = [toml(ROOT / "pyproject.toml"), *(toml(path) for path in sorted(PACKAGES.glob("*/pyproject.toml")))]
    return {each["project"]["name"]: each for each in found}
