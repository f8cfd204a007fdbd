"""Quiet hours and times of day, over midnight and over changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop_integrations.routing import Quiet, next_time

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")]
NIGHT = Quiet(start=time(22), end=time(7), zone=BERLIN)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.integers(1735689600, 1798761600).map(lambda at: datetime.fromtimestamp(at, UTC))  # 2025 and 2026


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-15T20:59:59", None),  # 21:59:59 in Berlin
        ("2026-01-15T21:00:00", "2026-01-16T06:00:00"),
        ("2026-01-16T05:59:59", "2026-01-16T06:00:00"),
        ("2026-01-16T06:00:00", None),
        ("2026-07-15T20:00:00", "2026-07-16T05:00:00"),  # summer time
    ],
)
def test_a_night_ends_in_the_morning(now: str, until: str | None) -> None:
    assert NIGHT.until(utc(now)) == (utc(until) if until else None)


def test_quiet_hours_of_one_day() -> None:
    lunch = Quiet(start=time(12), end=time(13), zone=BERLIN)
    assert lunch.until(utc("2026-01-15T11:30:00")) == utc("2026-01-15T12:00:00")
    assert lunch.until(utc("2026-01-15T12:00:00")) is None


def test_the_night_in_which_the_clock_goes_forward_is_an_hour_shorter() -> None:
    # 29 March 2026: 02:00 becomes 03:00 in Berlin.
    assert NIGHT.until(utc("2026-03-28T21:30:00")) == utc("2026-03-29T05:00:00")


def test_an_end_that_the_clock_skips_is_the_instant_of_the_change() -> None:
    quiet = Quiet(start=time(22), end=time(2, 30), zone=BERLIN)
    until = quiet.until(utc("2026-03-28T22:00:00"))
    assert until is not None
    assert utc("2026-03-29T00:30:00") <= until <= utc("2026-03-29T01:30:00")
    assert quiet.until(until) is None


def test_an_end_that_the_clock_shows_twice_comes_once_more_for_who_is_between() -> None:
    # 25 October 2026: 03:00 becomes 02:00 in Berlin.
    quiet = Quiet(start=time(22), end=time(2, 30), zone=BERLIN)
    assert quiet.until(utc("2026-10-24T22:00:00")) == utc("2026-10-25T00:30:00")
    assert quiet.until(utc("2026-10-25T01:10:00")) == utc("2026-10-25T01:30:00")


@given(times, times, moments, st.sampled_from(ZONES))
def test_quiet_hours_always_end_later_and_within_a_day_or_so(
    start: time, end: time, now: datetime, zone: ZoneInfo
) -> None:
    until = Quiet(start=start, end=end, zone=zone).until(now)
    assert until is None or now < until <= now + timedelta(hours=26)


@given(times, moments, st.sampled_from(ZONES))
def test_the_next_time_of_day_is_the_next_one(at: time, now: datetime, zone: ZoneInfo) -> None:
    found = next_time(at, zone, now)
    assert now < found <= now + timedelta(hours=26)
    local = found.astimezone(zone)
    shown = local.replace(tzinfo=None)
    skipped = datetime.combine(shown.date(), at, tzinfo=zone).astimezone(UTC).astimezone(zone).time() != at
    assert local.time() == at or skipped
