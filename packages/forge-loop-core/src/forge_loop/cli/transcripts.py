"""A line of a transcript as a person at a terminal reads it.

Owns: how much of each part is shown. Must not: fail on a line it does not know.
"""

from __future__ import annotations

from datetime import datetime

from forge_loop.cli.ages import clock
from forge_loop.status.transcript import said

LONGEST = 2000
MOST_LINES = 12


def readable(line: str) -> list[str]:
    """The lines that stand for one line of the file; none for what says nothing to a person."""
    try:
        parts = said(line)
    except ValueError:
        return [line]
    return [text for part in parts for text in _block(f"{_clock(part.at)} {part.role} {part.verb}", part.text)]


def _block(head: str, whole: str) -> list[str]:
    """The first line behind its head, the others below it, both bounded."""
    lines = whole[:LONGEST].split("\n")
    shown = [f"{head}: {lines[0]}" if lines[0] else head, *(f"    {line}" for line in lines[1:MOST_LINES])]
    if len(lines) > MOST_LINES or len(whole) > LONGEST:
        shown.append("    [...]")
    return shown


def _clock(at: str) -> str:
    try:
        return clock(datetime.fromisoformat(at))
    except ValueError:
        return "--:--:--"
