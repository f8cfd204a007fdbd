"""The loop's notes: comments it writes, finds again and edits in place.

Owns: the hidden mark at a note's end. Must not: take another account's comment for a note, whatever stands in it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

# GitHub takes 65,536 characters; the mark needs some.
LONGEST = 60_000
_CUT = "\n\n(cut: too long for a comment)"
_MARK = re.compile(r"\s*<!-- forge-loop:([a-z]+) (\S+) -->\s*\Z")


def marked(text: str, kind: str, key: str) -> str:
    """What is posted: the text, cut if need be, and the mark that no reader sees."""
    shown = text if len(text) <= LONGEST else text[: LONGEST - len(_CUT)] + _CUT
    return f"{shown.rstrip()}\n\n<!-- forge-loop:{kind} {quote(key, safe='')} -->"


def is_marked(body: Any) -> bool:
    """Whether the loop wrote it, by the look of it. The last line counts: what stands before it may be quoted."""
    return _MARK.search(str(body or "")) is not None


def carries(body: Any, kind: str, key: str) -> bool:
    found = _MARK.search(str(body or ""))
    return found is not None and (found[1], found[2]) == (kind, quote(key, safe=""))


def unmarked(body: Any) -> str:
    return _MARK.sub("", str(body or "")).replace("\r\n", "\n")
