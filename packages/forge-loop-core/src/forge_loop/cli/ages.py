"""Times as an operator reads them.

Owns: local time and ages. Must not: be used where a script reads.
"""

from __future__ import annotations

from datetime import datetime


def moment(at: datetime) -> str:
    """Local time, to the second."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(at: datetime) -> str:
    """Local time of day."""
    return at.astimezone().strftime("%H:%M:%S")


def ago(at: datetime, now: datetime) -> str:
    return f"{span((now - at).total_seconds())} ago"


def span(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = max(0, int(seconds))
    for unit, length, smaller, size in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // size
            return f"{whole // length}{unit}{rest}{smaller}" if rest else f"{whole // length}{unit}"
    return f"{whole}s"
