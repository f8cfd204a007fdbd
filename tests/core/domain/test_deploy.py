"""When a deploy that ended halts dispatch."""

from __future__ import annotations

import pytest

from forge_loop.domain.deploy import DeployStatus, halt_reason

GOOD, BAD, LATE, UNKNOWN = (
    DeployStatus.SUCCEEDED,
    DeployStatus.FAILED,
    DeployStatus.TIMED_OUT,
    DeployStatus.UNKNOWN,
)


def reason(*newest_first: DeployStatus) -> str | None:
    return halt_reason(newest_first, commit="abc", by_hand="make deploy")


@pytest.mark.parametrize("newest_first", [(GOOD,), (BAD,), (BAD, BAD), (BAD, BAD, GOOD), (GOOD, BAD, BAD, BAD)])
def test_fewer_than_three_failures_in_a_row_halt_nothing(newest_first: tuple[DeployStatus, ...]) -> None:
    assert reason(*newest_first) is None


@pytest.mark.parametrize("newest_first", [(BAD, BAD, BAD), (LATE, BAD, LATE), (BAD, BAD, BAD, GOOD)])
def test_three_failures_in_a_row_halt(newest_first: tuple[DeployStatus, ...]) -> None:
    assert (reason(*newest_first) or "").startswith("3 deploys in a row failed, the last one of abc")


def test_an_unknown_end_is_no_failure_and_no_success() -> None:
    assert reason(BAD, UNKNOWN, BAD) is None


def test_an_unknown_end_asks_the_operator_and_names_what_to_type() -> None:
    told = reason(UNKNOWN, GOOD) or ""
    assert "not known whether the deploy of abc" in told
    assert "type: make deploy; then: forge-loop resume" in told
