"""The clock that everything else is given."""

from __future__ import annotations

from datetime import timedelta

from forge_loop.bootstrap.clock import SystemClock


def test_the_systems_clock_is_aware_and_its_other_one_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()
