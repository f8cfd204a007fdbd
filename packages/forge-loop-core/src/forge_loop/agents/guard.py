"""The second lock on tools: what a session may not do even if a permission rule let it.

Owns: the rule, pure apart from resolving paths. Must not: judge shell commands by their text; that is theatre.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORT_TOOL = "StructuredOutput"
WRITING_TOOLS = ("Bash", "Read", "Edit", "Write", "Glob", "Grep")
READING_TOOLS = ("Read", "Glob", "Grep")
_WRITES = ("Edit", "Write")


def refusal(*, tool: str, fields: Mapping[str, Any], writes: bool, workspace: Path) -> str | None:
    """Why this call is refused, or None. Reading outside the workspace is refused by the permission mode itself."""
    if tool not in (*(WRITING_TOOLS if writes else READING_TOOLS), REPORT_TOOL):
        return f"{tool} is not a tool of this session"
    if tool in _WRITES and not _inside(str(fields.get("file_path", "")), workspace):
        return f"{tool} outside the workspace is refused"
    return None


def _inside(path: str, workspace: Path) -> bool:
    return bool(path) and (workspace / path).resolve().is_relative_to(workspace.resolve())
