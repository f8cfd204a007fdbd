"""The breaker: three attempts in a row, over three issues, that failed alike."""

from __future__ import annotations

import pytest

from forge_loop.domain.breaker import Ended, tripped


def ended(issue: int, fingerprint: str | None = "same") -> Ended:
    return Ended(issue=issue, fingerprint=fingerprint, note=f"note of {issue}")


def test_three_issues_that_failed_alike_trip_it_and_the_newest_note_is_told() -> None:
    why = tripped([ended(3), ended(2), ended(1)])
    assert why is not None
    assert "note of 3" in why


@pytest.mark.parametrize(
    "attempts",
    [
        [],
        [ended(1), ended(2)],
        [ended(1), ended(2), ended(2)],
        [ended(1), ended(2), ended(3, "other")],
        [ended(1), ended(2), ended(3, None)],
        [ended(1, None), ended(2, None), ended(3, None)],
        [ended(4, None), ended(3), ended(2), ended(1)],
    ],
)
def test_anything_less_does_not(attempts: list[Ended]) -> None:
    assert tripped(attempts) is None
