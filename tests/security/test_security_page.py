"""docs/security.md promises nothing without a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge_loop.config.model import SandboxMode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_test_the_page_names_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text()


def test_each_promise_names_what_shows_it() -> None:
    rows = PAGE.partition("| with the sandbox | shown by |")[2].partition("\n\n")[0].strip().splitlines()[1:]
    assert len(rows) > 10
    assert [row for row in rows if "`tests/" not in row and not row.endswith("| the same |")] == []


def test_every_mode_is_explained() -> None:
    assert [mode for mode in SandboxMode if f"| `{mode}` |" not in PAGE] == []
