"""Intervals on a wall clock that can be set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forge_loop.runner.clock import passed
from support.samples import NOW

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("since", "over"),
    [(None, True), (NOW, False), (NOW - HOUR + TICK, False), (NOW - HOUR, True), (NOW + TICK, True)],
)
def test_an_interval_is_over_after_its_time_or_when_the_clock_stands_before_its_beginning(
    since: object, over: bool
) -> None:
    assert passed(since, NOW, HOUR) is over  # type: ignore[arg-type]
