"""Which lines of a changed file a review may stand on.

Owns: reading a patch. Must not: apply one.
"""

from __future__ import annotations

import re

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def lines_of(patch: str) -> frozenset[int]:
    """The numbers, in the new file, of the lines that a patch shows: added ones and those around them."""
    found: set[int] = set()
    at: int | None = None
    for line in patch.split("\n"):
        start = _HUNK.match(line)
        if start is not None:
            at = int(start[1])
        elif at is not None and line[:1] in ("+", " "):
            found.add(at)
            at += 1
    return frozenset(found)
