"""Text that others wrote, made harmless for a chat: no control characters, no bidi, no zero-width, never too long.

Owns: cleaning and cutting. Must not: know a service's markup; each escapes for itself, within a length.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

# Control, format (bidi, zero-width, tags), private, lone surrogates, line and paragraph separators.
INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    """The text without what is not seen or changes what is; line ends stay, other blanks become spaces."""
    if text.isascii() and text.isprintable():
        return text
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(each for each in plain if each == "\n" or unicodedata.category(each) not in INVISIBLE)


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def within(text: str, most: int, escape: Callable[[str], str] = str, *, measure: Callable[[str], int] = len) -> str:
    """The text escaped character by character and cut where the result would be longer than `most`, which leaves no
    half of an escape. A cut text ends with an ellipsis."""
    parts: list[str] = []
    length = 0
    for index, character in enumerate(text):
        part = escape(character)
        length += measure(part)
        if length > most - 1 and not (index == len(text) - 1 and length <= most):
            return "".join(parts).rstrip() + "…"
        parts.append(part)
    return "".join(parts)


def utf16_units(text: str) -> int:
    """How long a text is to who counts in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
