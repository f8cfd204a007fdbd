"""Which paths are never merged without a person.

Owns: the built-in list. Must not: decide about a merge, or how a pattern matches (`domain.path_patterns` does).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forge_loop.domain.path_patterns import matching

BUILT_IN = (
    ".github/**",
    "**/.claude/**",
    "**/CLAUDE.md",
    "**/AGENTS.md",
    "**/.mcp.json",
    "**/.gitmodules",
    "**/.gitattributes",
    "**/CODEOWNERS",
    "/forge-loop.yaml",
    ".forge-loop/**",
    # Issues of the local tracker: only the loop and the operator write them.
    "backlog/**",
    ".backlog/**",
    "/backlog.config.yml",
)


def protected_paths(paths: Iterable[str], extra: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that a built-in or an extra pattern names, in their order."""
    return matching(paths, (*BUILT_IN, *extra))
