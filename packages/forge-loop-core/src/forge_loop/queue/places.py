"""Where a job of a queue can stand, and how many stand where.

Owns: those words. Must not: know a job: whoever only counts is spared everything that a queue promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueDepth:
    ready: int
    delayed: int
    leased: int
    dead: int


class JobPlace(StrEnum):
    """Where a job of the queue stands."""

    READY = "ready"
    DELAYED = "delayed"
    LEASED = "leased"
    DEAD = "dead"
