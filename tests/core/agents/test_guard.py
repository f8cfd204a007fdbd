from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge_loop.agents.guard import refusal


def refused(tool: str, workspace: Path, *, writes: bool = True, **fields: Any) -> bool:
    return refusal(tool=tool, fields=fields, writes=writes, workspace=workspace) is not None


@pytest.mark.parametrize("tool", ["Write", "Edit"])
def test_writing_stays_inside_the_workspace(tool: str, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "out").symlink_to(tmp_path)
    assert not refused(tool, workspace, file_path=str(workspace / "new" / "a.py"))
    assert not refused(tool, workspace, file_path="a.py")
    assert refused(tool, workspace, file_path=str(tmp_path / "a.py"))
    assert refused(tool, workspace, file_path="../a.py")
    assert refused(tool, workspace, file_path=str(workspace / "out" / "a.py"))
    assert refused(tool, workspace, file_path=f"{workspace}-other/a.py")
    assert refused(tool, workspace)


@pytest.mark.parametrize("tool", ["Task", "WebFetch", "WebSearch", "NotebookEdit", "mcp__x__y", ""])
def test_a_tool_that_no_role_has_is_refused(tool: str, tmp_path: Path) -> None:
    assert refused(tool, tmp_path)
    assert refused(tool, tmp_path, writes=False)


@pytest.mark.parametrize("tool", ["Bash", "Edit", "Write"])
def test_a_reading_role_cannot_act(tool: str, tmp_path: Path) -> None:
    assert refused(tool, tmp_path, writes=False, file_path=str(tmp_path / "a"))


@pytest.mark.parametrize("writes", [True, False])
def test_reading_and_reporting_are_left_to_the_permission_mode(writes: bool, tmp_path: Path) -> None:
    for tool in ("Read", "Glob", "Grep", "StructuredOutput"):
        assert not refused(tool, tmp_path, writes=writes, file_path="/etc/passwd")
