"""Names of models: which can be one of Claude's, and which are a slip of the pen.

Owns: the families and the aliases. Must not: ask anybody; a name of the right shape that the account does not have is
found out by the first session, which halts dispatch.
"""

from __future__ import annotations

import re

FAMILIES = ("opus", "sonnet", "haiku", "fable")

# `claude-opus-4-7`, an older `claude-3-5-haiku-latest`, one with a date or a large context (`[1m]`), or what a gateway
# puts before and behind it (`us.anthropic.claude-opus-4-7-v1:0`, `vendor/claude-opus-4-7`).
_NAME = re.compile(rf"([\w./:-]*[./:])?claude-(\d[\w.]*-)*({'|'.join(FAMILIES)})(-[\w.:@-]+)?(\[\w+\])?")
_ALIAS = re.compile(rf"({'|'.join(FAMILIES)})(\[\w+\])?")


def is_model(name: str) -> bool:
    """Whether a model of Claude's can have this name."""
    return _NAME.fullmatch(name) is not None or _ALIAS.fullmatch(name) is not None
