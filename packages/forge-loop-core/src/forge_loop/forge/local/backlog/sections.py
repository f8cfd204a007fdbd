"""The body of an issue file: sections by heading, and the marker lines that fence them.

Owns: where a section begins and ends. Must not: know what is written in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAMES = r"SECTION:[A-Z_]+|AC|DOD|COMMENTS|COMMENT"
_MARKER = re.compile(rf"[ \t]*<!-- ({_NAMES}):(BEGIN|END) -->[ \t]*\r?\n?")
_ANY_MARKER = re.compile(rf"<!--(?=\s*(?:{_NAMES}):(?:BEGIN|END)\s*-->)", re.IGNORECASE)
_HEADING = re.compile(r"##[ \t]+(.+?)[ \t#]*\r?\n?")
_RULE = re.compile(r"^[ \t]*---+[ \t]*$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Lines `start` to `stop` of a file; `name` is its heading, empty before the first one. Markers are left out."""

    name: str
    start: int
    stop: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip("\r\n") for line in self.lines).strip()


def sections(lines: Sequence[str], first: int) -> tuple[Section, ...]:
    """The sections of the body that begins at line `first`. Raises ValueError where a marker is never closed."""
    starts, inside = [first], ""
    for index, line in enumerate(lines[first:], first):
        marker = _MARKER.fullmatch(line)
        if inside:
            inside = "" if marker and marker.groups() == (inside, "END") else inside
        elif marker and marker[2] == "BEGIN":
            inside = marker[1]
        elif _HEADING.fullmatch(line):
            starts.append(index)
    if inside:
        raise ValueError(f"the marker {inside}:BEGIN is never closed")
    stops = [*starts[1:], len(lines)]
    return tuple(_section(lines, start, stop) for start, stop in zip(starts, stops, strict=True))


def _section(lines: Sequence[str], start: int, stop: int) -> Section:
    heading = _HEADING.fullmatch(lines[start]) if start < stop else None
    content = lines[start + 1 if heading else start : stop]
    kept = tuple(line for line in content if not _MARKER.fullmatch(line))
    return Section(name=heading[1] if heading else "", start=start, stop=stop, lines=kept)


def harmless(text: str) -> str:
    """Text from outside that no reader of the format takes for structure: no markers, no lone rules, no controls."""
    unified = re.sub(r"\r\n?", "\n", text)
    return _RULE.sub("- - -", without_markers(unified))


def without_markers(text: str) -> str:
    return _CONTROL.sub("�", _ANY_MARKER.sub("&lt;!--", text))
