"""Which paths are never merged without a person.

Owns: the built-in list and how a pattern matches. Must not: decide about a merge.

A pattern without a slash names a file or directory at any depth; `**` stands for any number of directories, `dir/**`
for the directory and all below it; `*` and `?` stay within one name. Case does not matter: a file system may not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

BUILT_IN = (
    ".github/**",
    "**/.claude/**",
    "**/CLAUDE.md",
    "**/AGENTS.md",
    "**/.mcp.json",
    "**/.gitmodules",
    "**/.gitattributes",
    "**/CODEOWNERS",
    "forge-loop.yaml",
    ".forge-loop/**",
    # Issues of the local tracker: only the loop and the operator write them.
    "backlog/**",
    ".backlog/**",
    "backlog.config.yml",
)


def protected_paths(paths: Iterable[str], extra: Sequence[str]) -> tuple[str, ...]:
    """Those of `paths` that a built-in or an extra pattern names, in their order."""
    rules = [_rule(pattern) for pattern in (*BUILT_IN, *extra)]
    return tuple(path for path in paths if any(rule.fullmatch(path) for rule in rules))


def _rule(pattern: str) -> re.Pattern[str]:
    anchored = pattern.strip("/")
    if "/" not in anchored and pattern not in BUILT_IN:
        anchored = f"**/{anchored}/**"
    elif pattern.endswith("/"):
        anchored += "/**"
    tail = "(?:/.*)?" if anchored.endswith("/**") else ""
    words = re.split(r"(\*\*/|\*|\?)", anchored.removesuffix("/**"))
    return re.compile("".join(map(_word, words)) + tail, re.IGNORECASE | re.DOTALL)


def _word(word: str) -> str:
    return {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(word) or re.escape(word)
