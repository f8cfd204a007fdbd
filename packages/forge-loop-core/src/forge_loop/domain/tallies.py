"""What is counted while it happens, because the events that tell of it do not stay for ever.

Owns: which events are counted and under which label. Must not: count what rows of the ledger tell at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EVENTS = "events"
TICKS = "ticks"
WATCHDOG = "watchdog"
TICK_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
BEYOND = "+Inf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """One more under `label` of `family`; `amount` is added to its sum."""

    family: str
    label: str
    amount: float = 0.0


def tallies(kind: str, data: Mapping[str, Any]) -> tuple[Tally, ...]:
    """Everything that an event of this kind with this data adds to."""
    counted = Tally(family=EVENTS, label=kind)
    if kind == "tick.finished":
        return counted, Tally(family=TICKS, label=bound_of(data["seconds"], TICK_SECONDS), amount=data["seconds"])
    if kind == "watchdog.ended_session":
        return counted, Tally(family=WATCHDOG, label=data["reason"])
    return (counted,)


def bound_of(value: float, bounds: Sequence[float]) -> str:
    """The smallest of the ascending `bounds` that holds `value`, as text."""
    return next((str(bound) for bound in bounds if value <= bound), BEYOND)
