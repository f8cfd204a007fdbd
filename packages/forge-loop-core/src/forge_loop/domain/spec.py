"""The score that decides whether a spec is thin. A rule, not a model.

Owns: the five sections, the two thresholds. Must not: expand anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SECTIONS = ("Problem", "Acceptance criteria", "Test matrix", "Out of scope", "File pointers")
ENOUGH_SECTIONS = 3
ENOUGH_CHARACTERS = 400

_HEADING = re.compile(r"^#{1,6}[ \t](.*)$", re.MULTILINE)

EXPANSION_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["spec", "assumptions"],
    "properties": {
        "spec": {"type": "string", "pattern": r"\S"},
        "assumptions": {"type": "array", "items": {"type": "string"}},
    },
}


def missing_sections(body: str) -> tuple[str, ...]:
    """The sections of SECTIONS that the text has no heading for. A Description heading counts as Problem."""
    found = {heading.rstrip(" \t\r#").strip().lower() for heading in _HEADING.findall(body)}
    if "description" in found:
        found.add("problem")
    return tuple(section for section in SECTIONS if section.lower() not in found)


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
    if not all(isinstance(line, str) for line in assumptions):
        return None
    listed = "".join(f"- {line}\n" for line in assumptions)
    return spec.strip() + "\n" + (f"\n## Assumptions\n\n{listed}" if listed else "")
