"""The breaker: the same failure over different issues is not the issues' fault.

Owns: when dispatch halts for it. Must not: halt anything itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TRIPS_AT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How an attempt ended: `fingerprint` is None if it did not fail."""

    issue: int
    fingerprint: str | None
    note: str


def tripped(newest_first: Iterable[Ended]) -> str | None:
    """Why dispatch must halt: three attempts in a row, over three issues, failed alike. None while that is not so."""
    latest = list(newest_first)[:TRIPS_AT]
    alike = {ended.fingerprint for ended in latest}
    if len({ended.issue for ended in latest}) < TRIPS_AT or len(alike) != 1 or None in alike:
        return None
    return f"{TRIPS_AT} attempts over different issues failed alike: {latest[0].note}"
