"""What is counted while it happens."""

from __future__ import annotations

import pytest

from forge_loop.domain.events import Event, LoopStopped, TickFinished, WatchdogEndedSession
from forge_loop.domain.tallies import BEYOND, EVENTS, TICK_SECONDS, TICKS, WATCHDOG, Tally, bound_of, tallies


def counted(event: Event) -> tuple[Tally, ...]:
    return tallies(event.kind, event.data())


def test_every_event_counts_under_its_kind() -> None:
    assert counted(LoopStopped(reason="r")) == (Tally(family=EVENTS, label="loop.stopped"),)


def test_a_tick_counts_with_its_duration() -> None:
    expected = Tally(family=TICKS, label="0.5", amount=0.2)
    assert counted(TickFinished(seconds=0.2, in_hand=0))[1:] == (expected,)


def test_the_watchdog_counts_by_its_reason() -> None:
    event = WatchdogEndedSession(role="worker", reason="no sign of life")
    assert counted(event)[1:] == (Tally(family=WATCHDOG, label="no sign of life"),)


@pytest.mark.parametrize(("value", "bound"), [(0.0, "0.01"), (0.01, "0.01"), (0.011, "0.05"), (31.0, BEYOND)])
def test_a_value_belongs_to_the_smallest_bound_that_holds_it(value: float, bound: str) -> None:
    assert bound_of(value, TICK_SECONDS) == bound
