"""Until when a usage limit parks the loop."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_loop.domain.limits import park_until
from support.samples import NOW

FIVE_MINUTES, A_MINUTE, EIGHT_DAYS = timedelta(minutes=5), timedelta(seconds=60), timedelta(days=8)


def until(resets_at: datetime | None, parked_until: datetime | None = None) -> datetime:
    return park_until(resets_at=resets_at, parked_until=parked_until, now=NOW)


@pytest.mark.parametrize("resets_at", [None, NOW, NOW - timedelta(microseconds=1), NOW - timedelta(days=400)])
def test_without_a_reset_time_ahead_the_loop_looks_again_after_five_minutes(resets_at: datetime | None) -> None:
    assert until(resets_at) == NOW + FIVE_MINUTES


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), timedelta(seconds=1), timedelta(hours=5), EIGHT_DAYS])
def test_the_loop_waits_for_the_reset_and_up_to_a_minute_longer(ahead: timedelta) -> None:
    assert NOW + ahead <= until(NOW + ahead) <= NOW + ahead + A_MINUTE


@pytest.mark.parametrize("ahead", [EIGHT_DAYS + timedelta(seconds=1), timedelta(days=36500)])
def test_a_reset_too_far_away_is_cut_to_eight_days(ahead: timedelta) -> None:
    assert NOW + EIGHT_DAYS <= until(NOW + ahead) <= NOW + EIGHT_DAYS + A_MINUTE


def test_the_same_reset_always_waits_equally_long_and_different_ones_do_not() -> None:
    resets = [NOW + timedelta(hours=1, seconds=second) for second in range(3000)]
    extra = [(until(reset) - reset).total_seconds() for reset in resets]
    assert extra == [(until(reset) - reset).total_seconds() for reset in resets]
    assert len(set(extra)) > 200
    assert (min(extra), max(extra)) == (0, 60)


@pytest.mark.parametrize("resets_at", [None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)])
def test_the_latest_deadline_wins(resets_at: datetime | None) -> None:
    late = NOW + timedelta(hours=3)
    assert until(resets_at, late) == late
    assert until(resets_at, NOW - timedelta(days=1)) == until(resets_at)


@settings(deadline=None)
@given(
    st.none() | st.integers(min_value=-(10**9), max_value=10**9),
    st.none() | st.integers(min_value=-(10**9), max_value=10**9),
)
def test_a_deadline_is_always_ahead_and_never_earlier_than_the_one_before(
    reset: int | None, parked: int | None
) -> None:
    resets_at = NOW + timedelta(seconds=reset) if reset is not None else None
    parked_until = NOW + timedelta(seconds=parked) if parked is not None else None
    found = until(resets_at, parked_until)
    assert found > NOW
    assert parked_until is None or found >= parked_until
    assert found <= max(NOW + EIGHT_DAYS + A_MINUTE, parked_until or NOW)


def test_a_reset_is_an_instant_whatever_its_time_zone() -> None:
    elsewhere = (NOW + timedelta(hours=2)).astimezone(timezone(timedelta(hours=-8)))
    assert NOW + timedelta(hours=2) <= until(elsewhere) <= NOW + timedelta(hours=2) + A_MINUTE
