"""Which version of the loop's tables this program knows.

Owns: the schema's scripts. Must not: run them (`open` does).
"""

from __future__ import annotations

from pathlib import Path

COMPONENT = "loop"
_SCHEMA = Path(__file__).parent / "schema"


def scripts() -> list[Path]:
    """Script n leads from version n to n + 1."""
    return sorted(_SCHEMA.glob("*.sql"))
