"""The table of what a code host's checks lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forge_loop.domain.host_checks import (
    DWELL,
    LOOK_AGAIN,
    LOOK_AT_LEAST,
    QUIET,
    Failed,
    GoOn,
    HostCheck,
    HostCheckState,
    HostFacts,
    TooLong,
    Wait,
    judge,
)

PUSHED = datetime(2026, 1, 31, 12, tzinfo=UTC)
LONGEST = timedelta(hours=4)


def check(state: HostCheckState, name: str = "build") -> HostCheck:
    return HostCheck(name=name, state=state)


def judged(*states: HostCheckState, after: timedelta, quiet_for: timedelta = timedelta()) -> object:
    now = PUSHED + after
    checks = [check(state, name=f"check {index}") for index, state in enumerate(states)]
    return judge(HostFacts(checks=checks, pushed_at=PUSHED, changed_at=now - quiet_for), longest=LONGEST, now=now)


def test_a_host_without_checks_is_no_evidence_and_no_obstacle() -> None:
    facts = HostFacts(checks=None, pushed_at=PUSHED, changed_at=PUSHED)
    assert judge(facts, longest=LONGEST, now=PUSHED) == GoOn(evidence=0)


def test_no_check_so_soon_after_a_push_is_not_yet_no_check() -> None:
    assert judged(after=DWELL - timedelta(seconds=1)) == Wait(
        until=PUSHED + DWELL, reason="the code host's checks may still appear"
    )
    assert judged(after=DWELL) == GoOn(evidence=0)


@pytest.mark.parametrize(
    ("states", "evidence"),
    [
        ([HostCheckState.PASSED], 1),
        ([HostCheckState.PASSED, HostCheckState.SKIPPED], 1),
        ([HostCheckState.SKIPPED], 0),
        ([HostCheckState.PASSED, HostCheckState.PASSED], 2),
    ],
)
def test_only_what_passed_is_evidence(states: list[HostCheckState], evidence: int) -> None:
    assert judged(*states, after=DWELL) == GoOn(evidence=evidence)


def test_one_failure_goes_back_at_once_whatever_still_runs() -> None:
    found = judged(HostCheckState.PENDING, HostCheckState.FAILED, HostCheckState.PASSED, after=timedelta())
    assert found == Failed(checks=(check(HostCheckState.FAILED, name="check 1"),))


def test_what_is_pending_is_waited_for_and_looked_at_again() -> None:
    now = PUSHED + timedelta(minutes=5)
    assert judged(HostCheckState.PENDING, after=timedelta(minutes=5)) == Wait(
        until=now + LOOK_AGAIN, reason="the code host's checks are not done: check 0"
    )


@pytest.mark.parametrize(("after", "waits"), [(LONGEST - timedelta(seconds=1), True), (LONGEST, False)])
def test_the_whole_wait_has_an_end(after: timedelta, waits: bool) -> None:
    assert isinstance(judged(HostCheckState.PENDING, after=after), Wait if waits else TooLong)


@pytest.mark.parametrize(("quiet", "waits"), [(QUIET - timedelta(seconds=1), True), (QUIET, False)])
def test_checks_that_nobody_works_on_are_not_waited_for(quiet: timedelta, waits: bool) -> None:
    found = judged(HostCheckState.PENDING, after=timedelta(hours=1), quiet_for=quiet)
    assert isinstance(found, Wait if waits else TooLong)


@pytest.mark.parametrize(
    ("after", "pause"),
    [
        (timedelta(seconds=5), LOOK_AGAIN),
        (timedelta(minutes=20), timedelta(minutes=2)),
        (timedelta(hours=3), LOOK_AT_LEAST),
    ],
)
def test_the_longer_it_takes_the_less_often_it_is_looked_at(after: timedelta, pause: timedelta) -> None:
    found = judged(HostCheckState.PENDING, after=after)
    assert isinstance(found, Wait)
    assert found.until == PUSHED + after + pause


@pytest.mark.parametrize(
    ("required", "last", "goes_on"),
    [
        (True, HostCheckState.PASSED, True),
        (False, HostCheckState.PASSED, False),
        (True, HostCheckState.PENDING, False),
    ],
)
def test_once_all_that_is_required_has_passed_nothing_more_is_waited_for(
    required: bool, last: HostCheckState, goes_on: bool
) -> None:
    checks = [HostCheck(name="build", state=last, required=required), check(HostCheckState.SKIPPED, name="docs")]
    found = judge(HostFacts(checks=checks, pushed_at=PUSHED, changed_at=PUSHED), longest=LONGEST, now=PUSHED)
    assert isinstance(found, GoOn) is goes_on


@pytest.mark.parametrize(("after", "waits"), [(LONGEST - timedelta(seconds=1), True), (LONGEST, False)])
def test_checks_that_cannot_be_read_are_asked_for_again_and_never_taken_for_none(after: timedelta, waits: bool) -> None:
    facts = HostFacts(checks=None, pushed_at=PUSHED, changed_at=PUSHED, unread="no permission")
    found = judge(facts, longest=LONGEST, now=PUSHED + after)
    assert isinstance(found, Wait | TooLong)
    assert isinstance(found, Wait) is waits
    assert "no permission" in found.reason
