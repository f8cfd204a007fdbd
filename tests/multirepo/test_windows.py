"""Time windows as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from forge_loop_multirepo.windows import closed, window

MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 - a window is about the operator's own clock


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("20:00-07:00", [(0, 20, 0), (1, 6, 59), (6, 23, 0)], [(0, 7, 0), (0, 19, 59)]),
        ("09:00-17:00", [(0, 9, 0), (6, 16, 59)], [(0, 8, 59), (0, 17, 0)]),
        ("mon-fri 20:00-07:00", [(0, 21, 0), (4, 23, 0), (5, 6, 0)], [(0, 6, 0), (5, 21, 0), (6, 3, 0)]),
        ("sat-sun", [(5, 0, 0), (6, 23, 59)], [(4, 23, 59), (0, 1, 0)]),
        ("fri-mon 10:00-11:00", [(4, 10, 0), (6, 10, 30), (0, 10, 0)], [(1, 10, 0), (3, 10, 0)]),
        ("wed", [(2, 0, 0), (2, 12, 0)], [(1, 23, 0), (3, 12, 0)]),
    ],
)
def test_a_window_holds_exactly_the_moments_it_names(
    text: str, inside: list[tuple[int, int, int]], outside: list[tuple[int, int, int]]
) -> None:
    found = window(text)
    for day, hour, minute in inside:
        assert found.holds(MONDAY.replace(day=5 + day, hour=hour, minute=minute)), (day, hour, minute)
    for day, hour, minute in outside:
        assert not found.holds(MONDAY.replace(day=5 + day, hour=hour, minute=minute)), (day, hour, minute)


@pytest.mark.parametrize("text", ["", "8-9", "25:00-26:00", "mon-xyz", "mon 8:00-9:00", "mon tue 08:00-09:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        window(text)


def test_without_windows_nothing_is_closed_and_with_them_the_reason_names_them() -> None:
    assert closed([], MONDAY) == ""
    assert closed([window("sat"), window("20:00-21:00")], MONDAY) == "it is outside its windows (sat, 20:00-21:00)"
    assert closed([window("sat"), window("mon")], MONDAY) == ""
