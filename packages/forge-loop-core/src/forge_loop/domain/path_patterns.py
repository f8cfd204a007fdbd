"""Path patterns as people write them in settings.

Owns: how a pattern matches. Must not: know what follows from a match.

A pattern without a slash names a file or directory at any depth, one that begins with a slash stands at the top; `**`
stands for any number of directories, `dir/**` for the directory and all below it; `*` and `?` stay within one name.
Case does not matter: a file system may not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def matching(paths: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that one of the patterns names, in their order."""
    rules = [_rule(pattern) for pattern in patterns]
    return tuple(path for path in paths if any(rule.fullmatch(path) for rule in rules))


def _rule(pattern: str) -> re.Pattern[str]:
    anchored = pattern.strip("/")
    if "/" not in anchored and not pattern.startswith("/"):
        anchored = f"**/{anchored}/**"
    elif pattern.endswith("/"):
        anchored += "/**"
    tail = "(?:/.*)?" if anchored.endswith("/**") else ""
    words = re.split(r"(\*\*/|\*|\?)", anchored.removesuffix("/**"))
    return re.compile("".join(map(_word, words)) + tail, re.IGNORECASE | re.DOTALL)


def _word(word: str) -> str:
    return {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(word) or re.escape(word)
