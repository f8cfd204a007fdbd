"""Which commands test a project, guessed from the files at its top.

Owns: the guesses. Must not: run anything; the operator is told what was guessed.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path


def guessed_checks(project: Path) -> tuple[str, ...]:
    """A command for each way of testing that is recognised; empty if there is none."""
    found = [check for guess in (_python, _node, _rust, _go) if (check := guess(project)) is not None]
    if not found and re.search(r"^test:", _text(project / "Makefile"), re.MULTILINE):
        found.append("make test")
    return tuple(found)


def _python(project: Path) -> str | None:
    if _uses_pytest(project):
        return "uv run pytest -q" if (project / "uv.lock").exists() else "python3 -m pytest -q"
    for directory in (project / "tests", project / "test", project):
        if any("unittest" in _text(path) for path in sorted(directory.glob("test*.py"))[:50]):
            below = "" if directory == project else f" -s {directory.name}"
            return f"python3 -m unittest discover{below}"
    return None


def _uses_pytest(project: Path) -> bool:
    if (project / "pytest.ini").exists() or (project / "conftest.py").exists():
        return True
    if (project / "tests" / "conftest.py").exists() or "[tool:pytest]" in _text(project / "setup.cfg"):
        return True
    try:
        described = tomllib.loads(_text(project / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return False
    parts = {name: described.get(name) for name in ("project", "dependency-groups")}
    return "pytest" in described.get("tool", {}) or '"pytest' in json.dumps(parts, default=str)


def _node(project: Path) -> str | None:
    try:
        scripts = json.loads(_text(project / "package.json") or "{}").get("scripts", {})
    except (ValueError, AttributeError):
        return None
    command = scripts.get("test") if isinstance(scripts, dict) else None
    return "npm test" if isinstance(command, str) and "no test specified" not in command else None


def _rust(project: Path) -> str | None:
    return "cargo test" if (project / "Cargo.toml").exists() else None


def _go(project: Path) -> str | None:
    return "go test ./..." if (project / "go.mod").exists() else None


def _text(path: Path) -> str:
    """A file's text; empty where there is none or it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
