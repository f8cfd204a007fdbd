"""Which commands test a project: each way of testing is recognised by its own files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from forge_loop.cli.guessing import guessed_checks
from support.repositories import write


@pytest.mark.parametrize(
    ("files", "checks"),
    [
        ({}, ()),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, ("python3 -m pytest -q",)),
        ({"pyproject.toml": '[dependency-groups]\ndev = ["pytest>=8"]\n', "uv.lock": ""}, ("uv run pytest -q",)),
        ({"tests/conftest.py": ""}, ("python3 -m pytest -q",)),
        ({"tests/test_a.py": "import unittest\n"}, ("python3 -m unittest discover -s tests",)),
        ({"test_a.py": "import unittest\n"}, ("python3 -m unittest discover",)),
        ({"package.json": '{"scripts": {"test": "vitest"}}'}, ("npm test",)),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, ()),
        ({"package.json": '{"scripts": []}'}, ()),
        ({"package.json": "[]"}, ()),
        ({"package.json": "{"}, ()),
        ({"pyproject.toml": "= broken"}, ()),
        ({"Cargo.toml": "[package]\n"}, ("cargo test",)),
        ({"go.mod": "module x\n"}, ("go test ./...",)),
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n"}, ("make test",)),
        ({"Makefile": "latest:\n"}, ()),
        ({"Makefile": "test:\n", "go.mod": "module x\n"}, ("go test ./...",)),
        ({"go.mod": "module x\n", "package.json": '{"scripts": {"test": "x"}}'}, ("npm test", "go test ./...")),
    ],
)
def test_a_way_of_testing_is_recognised(tmp_path: Path, files: Mapping[str, str], checks: tuple[str, ...]) -> None:
    write(tmp_path, files)
    assert guessed_checks(tmp_path) == checks
