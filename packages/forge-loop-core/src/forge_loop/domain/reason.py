"""A reason: why something is, is not, or not yet, in words an operator reads and a code a script reads.

Owns: that shape. Must not: hold the rules that give reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """`code` is stable, `text` one sentence without a full stop, `until` the time from which it no longer holds."""

    code: str
    text: str
    until: datetime | None = None
