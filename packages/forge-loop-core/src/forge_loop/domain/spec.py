"""The score that decides whether a spec is thin. A rule, not a model.

Owns: the five sections, the two thresholds, how many are expanded in a tick. Must not: expand anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

SECTIONS = ("Problem", "Acceptance criteria", "Test matrix", "Out of scope", "File pointers")
ENOUGH_SECTIONS = 3
ENOUGH_CHARACTERS = 400
MOST_A_TICK = 2  # expansions that begin in one tick: the work on clear specs goes first
LONGEST_SPEC = 16_000  # characters: with its assumptions it is posted as one note
MOST_ASSUMPTIONS, LONGEST_ASSUMPTION = 20, 500

POINTERS = SECTIONS[-1]

_HEADING = re.compile(r"^#{1,6}[ \t](.*)$", re.MULTILINE)
_QUOTED = re.compile(r"`([^`\s]+)`")
_ENTRY = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+([^`\s]+)")
_PATH = re.compile(r"[\w.@+-]+(?:/[\w.@+-]+)*")

EXPANSION_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["spec", "assumptions"],
    "properties": {
        "spec": {"type": "string", "pattern": r"\S", "maxLength": LONGEST_SPEC},
        "assumptions": {
            "type": "array",
            "maxItems": MOST_ASSUMPTIONS,
            "items": {"type": "string", "maxLength": LONGEST_ASSUMPTION},
        },
    },
}


def missing_sections(body: str) -> tuple[str, ...]:
    """The sections of SECTIONS that the text has no heading for. A Description heading counts as Problem."""
    found = {heading.rstrip(" \t\r#").strip().lower() for heading in _HEADING.findall(body)}
    if "description" in found:
        found.add("problem")
    return tuple(section for section in SECTIONS if section.lower() not in found)


def file_pointers(text: str) -> frozenset[str]:
    """The paths that the section File pointers names, each without `./`, a trailing slash or a `:line`.

    A word in backticks, or the first word of a list's entry, counts if it looks like a path of the repository.
    """
    return frozenset(path for word in _pointed_at(text) if (path := _path(word)) is not None)


def _pointed_at(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            inside = heading[1].rstrip(" \t#").strip().lower() == POINTERS.lower()
        elif inside:
            yield from _QUOTED.findall(line)
            entry = _ENTRY.match(line)
            if entry is not None:
                yield entry[1]


def _path(word: str) -> str | None:
    path = re.sub(r"(:\d+(-\d+)?)?[,;:]?$", "", word).removeprefix("./").rstrip("/")
    looks = _PATH.fullmatch(path) is not None and ("/" in word or "." in path)
    return path if looks and not {"", ".", ".."} & set(path.split("/")) else None


def is_thin(body: str) -> bool:
    """True for fewer than three of the five sections, or under 400 characters."""
    present = len(SECTIONS) - len(missing_sections(body))
    return present < ENOUGH_SECTIONS or len(body.strip()) < ENOUGH_CHARACTERS


def parse_expansion(report: object) -> str | None:
    """The expanded spec of a PO's report, or None if the report is not exactly what was asked for."""
    if not isinstance(report, Mapping) or set(report) != {"spec", "assumptions"}:
        return None
    spec, assumptions = report["spec"], report["assumptions"]
    if not isinstance(spec, str) or not spec.strip() or not isinstance(assumptions, list):
        return None
    if not all(isinstance(line, str) and len(line) <= LONGEST_ASSUMPTION for line in assumptions):
        return None
    if len(spec) > LONGEST_SPEC or len(assumptions) > MOST_ASSUMPTIONS:
        return None
    listed = "".join(f"- {line}\n" for line in assumptions)
    return spec.strip() + "\n" + (f"\n## Assumptions\n\n{listed}" if listed else "")
