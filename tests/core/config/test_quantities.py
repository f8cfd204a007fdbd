"""Durations and sizes, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.config.quantities import LARGEST, LONGEST, duration, duration_text, size, size_text


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90.0),
        ("15m", 900.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("14d", 1_209_600.0),
        ("1d2h3m4s", 93_784.0),
        ("1.5h", 5400.0),
        ("0.05s", 0.05),
        ("0s", 0.0),
        (90, 90.0),
        (0.25, 0.25),
        (-0.0, 0.0),
    ],
)
def test_a_duration_is_read_in_seconds(written: str | float, seconds: float) -> None:
    assert repr(duration(written)) == repr(seconds)


@pytest.mark.parametrize(
    "written",
    ["", "15", "m", "15 m", "15min", "30m1h", "1h1h", "-5m", "1e3s", "1h 30m", "5M", "٣s", "9999999d", -1, 1e300],
)
def test_what_is_no_duration_is_refused(written: str | float) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        duration(written)


@pytest.mark.parametrize(
    ("written", "amount"),
    [("2GiB", 2 * 1024**3), ("500MB", 500_000_000), ("1.5 KiB", 1536), ("10kB", 10_000), ("7B", 7), (1024, 1024)],
)
def test_a_size_is_read_in_bytes(written: str | int, amount: int) -> None:
    assert size(written) == amount


@pytest.mark.parametrize(
    "written", ["", "2", "GiB", "2gb", "2GIB", "2Gi", "-1B", "0.5B", "1e3B", "2  GiB", "٣B", 0.5, -1, 1e300]
)
def test_what_is_no_size_is_refused(written: str | float) -> None:
    with pytest.raises(ValueError, match=r"expected a (size|whole number of bytes)"):
        size(written)


@given(st.floats(0, LONGEST))
def test_a_duration_written_out_is_read_back(seconds: float) -> None:
    assert duration(duration_text(seconds)) == duration(seconds)


@given(st.integers(0, int(LONGEST)))
def test_whole_seconds_are_written_and_read_exactly(seconds: int) -> None:
    assert duration(duration_text(seconds)) == seconds


@given(st.integers(0, LARGEST))
def test_a_size_written_out_is_read_back_exactly(amount: int) -> None:
    assert size(size_text(amount)) == amount


@pytest.mark.parametrize(
    ("seconds", "text"), [(5400, "1h30m"), (1_209_600, "14d"), (0, "0s"), (0.05, "0.05s"), (90.5, "90.5s")]
)
def test_a_duration_is_written_as_a_person_would(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(2 * 1024**3, "2GiB"), (500_000_000, "500MB"), (0, "0B"), (1025, "1025B")]
)
def test_a_size_is_written_in_its_largest_whole_unit(amount: int, text: str) -> None:
    assert size_text(amount) == text


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789.dhmsKMGTiB "))))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    for read in (duration, size):
        try:
            assert read(text) >= 0
        except ValueError as error:
            told = str(error)
            assert told.startswith("expected ")  # both outcomes are right; neither may be another error
