"""What a YAML text holds: values, lists and tables, each with its place.

Owns: the nodes, what an unquoted scalar means. Must not: read YAML or know what a key means.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FRACTION = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,4})?\Z")

Plain = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands; line and column count from 1. Line 0 is a source without lines: a variable, a flag."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @property
    def origin(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """One value. `text` is how it was written, without quotes; `quoted` values are always text."""

    value: Plain
    text: str
    quoted: bool
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    key: str
    place: Place
    value: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    entries: tuple[Entry, ...]
    place: Place


Node = Scalar | Listing | Table


def scalar(text: str, place: Place) -> Scalar:
    """What `text` means as an unquoted scalar."""
    return Scalar(value=_resolved(text), text=text, quoted=False, place=place)


def _resolved(text: str) -> Plain:
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.match(text):
        return int(text)
    if _FRACTION.match(text) and not text.strip("+-").isdigit():
        number = float(text)
        return number if math.isfinite(number) else text
    return text
