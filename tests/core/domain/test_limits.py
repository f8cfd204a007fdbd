"""Until when a limit or an outage parks the loop, and how a nearly used limit slows it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_loop.domain.job import FailureKind
from forge_loop.domain.limits import (
    BELIEVED_FOR,
    HALF_FROM,
    ONE_FROM,
    Window,
    got_through,
    heard_utilization,
    pace,
    pace_reason,
    park_kind,
    park_until,
)
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


LIMIT, OUTAGE = FailureKind.LIMIT, FailureKind.TRANSIENT


@pytest.mark.parametrize(
    ("kind", "parked_for", "expected"),
    [
        (LIMIT, None, LIMIT),
        (OUTAGE, None, OUTAGE),
        (LIMIT, OUTAGE, LIMIT),
        (OUTAGE, LIMIT, LIMIT),
        (LIMIT, LIMIT, LIMIT),
        (OUTAGE, OUTAGE, OUTAGE),
    ],
)
def test_a_limit_stays_one_whatever_else_fails(
    kind: FailureKind, parked_for: FailureKind | None, expected: FailureKind
) -> None:
    assert park_kind(kind, parked_for=parked_for) is expected


@pytest.mark.parametrize("parked_for", [None, OUTAGE, LIMIT])
@pytest.mark.parametrize("later", [timedelta(seconds=-1), timedelta(0), timedelta(milliseconds=1)])
def test_a_later_success_ends_an_outage_and_no_limit(parked_for: FailureKind | None, later: timedelta) -> None:
    over = got_through(parked_for, parked_at=NOW, succeeded_at=NOW + later)
    assert over is (parked_for is not LIMIT and later > timedelta(0))


def window(utilization: float, *, kind: str = "five_hour", resets_in: timedelta | None = timedelta(hours=2)) -> Window:
    resets_at = NOW + resets_in if resets_in is not None else None
    return Window(id=1, kind=kind, utilization=utilization, resets_at=resets_at, seen_at=NOW)


@pytest.mark.parametrize(
    ("slots", "utilization", "expected"),
    [
        (3, 0.0, None),
        (3, HALF_FROM - 0.001, None),
        (3, HALF_FROM, 2),
        (4, HALF_FROM, 2),
        (8, ONE_FROM - 0.001, 4),
        (8, ONE_FROM, 1),
        (8, 1.0, 1),
        (8, 1.2, 1),
        (2, HALF_FROM, 1),
        (1, HALF_FROM, None),
        (1, 1.0, None),
    ],
)
def test_the_more_of_a_limit_is_used_the_fewer_jobs_run_at_once(
    slots: int, utilization: float, expected: int | None
) -> None:
    found = pace([window(utilization)], slots, NOW)
    assert (found and found.slots) == expected


def test_a_limit_slows_nothing_after_its_reset_or_once_it_is_old_news() -> None:
    assert pace([window(0.99, resets_in=timedelta(0))], 3, NOW) is None
    old = window(0.99, resets_in=None)
    assert pace([old], 3, NOW + BELIEVED_FOR - timedelta(seconds=1)) is not None
    assert pace([old], 3, NOW + BELIEVED_FOR) is None


def test_the_nearest_of_several_limits_decides_and_is_named() -> None:
    found = pace([window(0.85), window(0.97, kind="seven_day"), window(0.1, kind="overage")], 4, NOW)
    assert found is not None
    assert (found.slots, found.kind) == (1, "seven_day")
    told = pace_reason(found)
    assert (told.code, told.until) == ("paced", NOW + timedelta(hours=2))
    assert "97%" in told.text
    assert "seven day" in told.text
    assert pace([], 4, NOW) is None


@pytest.mark.parametrize(
    ("status", "utilization", "expected"),
    [
        ("allowed", None, None),
        ("allowed", 0.3, 0.3),
        ("allowed_warning", None, HALF_FROM),
        ("allowed_warning", 0.91, 0.91),
        ("rejected", None, None),
        ("rejected", 1.0, 1.0),
    ],
)
def test_a_warning_without_a_number_is_still_one(
    status: str, utilization: float | None, expected: float | None
) -> None:
    assert heard_utilization(status, utilization) == expected
