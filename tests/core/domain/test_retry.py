"""What a failure costs and when the next try starts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_loop.domain.job import FailureKind
from forge_loop.domain.retry import (
    CoolDown,
    Failure,
    GiveUp,
    HaltLoop,
    ParkLoop,
    Policy,
    RetryRules,
    after,
    delay,
    fingerprint,
    policy,
)
from support.samples import NOW

RULES = RetryRules(attempts=3, cooldown=timedelta(hours=1))

# The design's table, kind by kind.
POLICIES = {
    "limit": "park",
    "transient": "back_off",
    "lost": "back_off",
    "interrupted": "back_off",
    "auth": "halt",
    "configuration": "halt",
    "worker_failed": "charge",
    "permission_denied": "charge",
    "no_commit": "charge",
    "no_report": "charge",
    "checks_red": "charge",
    "conflict": "charge",
    "refused_candidate": "charge",
    "stalled": "charge",
    "timed_out": "charge",
    "killed": "charge",
}
CHARGED = [kind for kind in FailureKind if POLICIES[kind] == "charge"]
BACKED_OFF = [kind for kind in FailureKind if POLICIES[kind] == "back_off"]


def failure(kind: FailureKind = FailureKind.CHECKS_RED, **changes: object) -> Failure:
    values: dict[str, object] = {
        "kind": kind,
        "detail": "checks failed",
        "issue": 42,
        "attempt": 7,
        "charged_before": 0,
        "in_a_row": 1,
        "same_as_last": False,
    }
    return Failure(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_has_its_policy(kind: FailureKind) -> None:
    assert policy(kind) == POLICIES[kind]


def test_the_table_names_no_kind_that_is_not_there() -> None:
    assert set(POLICIES) == set(FailureKind)
    assert set(POLICIES.values()) == set(Policy)


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1920), (8, 3600), (9, 3600), (10_000, 3600)],
)
def test_the_delay_doubles_from_half_a_minute_to_an_hour(count: int, seconds: float) -> None:
    for issue in range(50):
        waited = delay(issue=issue, attempt=1, count=count).total_seconds()
        assert seconds * 0.9 <= waited <= seconds * 1.1


def test_a_count_below_one_waits_like_the_first() -> None:
    assert delay(issue=1, attempt=1, count=0) == delay(issue=1, attempt=1, count=1)


def test_the_jitter_is_the_same_for_the_same_attempt_and_spreads_over_its_range() -> None:
    delays = [delay(issue=issue, attempt=attempt, count=1) for issue in range(20) for attempt in range(20)]
    assert delays == [delay(issue=issue, attempt=attempt, count=1) for issue in range(20) for attempt in range(20)]
    seconds = sorted(waited.total_seconds() for waited in delays)
    assert len(set(seconds)) > 390
    assert seconds[0] < 27.2
    assert seconds[-1] > 32.8
    assert 29.5 < sum(seconds) / len(seconds) < 30.5


@pytest.mark.parametrize("kind", CHARGED)
@pytest.mark.parametrize(("charged_before", "gives_up"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_last_attempt_that_is_charged_gives_up(kind: FailureKind, charged_before: int, gives_up: bool) -> None:
    step = after(failure(kind, charged_before=charged_before), RULES, NOW)
    if gives_up:
        assert step == GiveUp(reason=f"{charged_before + 1} attempts failed, the last one: checks failed")
    else:
        wait = delay(issue=42, attempt=7, count=charged_before + 1)
        assert step == CoolDown(until=NOW + wait, charged=True)


@pytest.mark.parametrize(("attempts", "told"), [(1, "the attempt failed"), (2, "2 attempts failed, the last one")])
def test_giving_up_says_after_how_many_attempts(attempts: int, told: str) -> None:
    rules = RetryRules(attempts=attempts, cooldown=timedelta(hours=1))
    step = after(failure(charged_before=attempts - 1), rules, NOW)
    assert step == GiveUp(reason=f"{told}: checks failed")


def test_the_same_failure_twice_in_a_row_cools_down() -> None:
    step = after(failure(charged_before=1, same_as_last=True), RULES, NOW)
    assert step == CoolDown(until=NOW + timedelta(hours=1), charged=True)


def test_a_cooldown_never_shortens_the_delay() -> None:
    rules = RetryRules(attempts=99, cooldown=timedelta(seconds=1))
    step = after(failure(charged_before=9, same_as_last=True), rules, NOW)
    assert step == CoolDown(until=NOW + delay(issue=42, attempt=7, count=10), charged=True)


@pytest.mark.parametrize("kind", BACKED_OFF)
@pytest.mark.parametrize("charged_before", [0, 2, 99])
def test_what_came_from_outside_waits_and_is_not_charged(kind: FailureKind, charged_before: int) -> None:
    step = after(failure(kind, charged_before=charged_before, in_a_row=3, same_as_last=True), RULES, NOW)
    assert step == CoolDown(until=NOW + delay(issue=42, attempt=7, count=3), charged=False)


@settings(deadline=None)
@given(
    st.sampled_from([FailureKind.TRANSIENT, FailureKind.INTERRUPTED]),
    st.integers(min_value=1, max_value=10**6),
    st.integers(min_value=0, max_value=99),
    st.booleans(),
)
def test_an_outage_never_gives_up_however_long_it_lasts(
    kind: FailureKind, in_a_row: int, charged_before: int, same: bool
) -> None:
    asked = failure(kind, in_a_row=in_a_row, charged_before=charged_before, same_as_last=same)
    step = after(asked, RULES, NOW)
    assert isinstance(step, CoolDown)
    assert not step.charged
    assert NOW + timedelta(seconds=27) <= step.until <= NOW + timedelta(seconds=3960)


@pytest.mark.parametrize(("in_a_row", "charged"), [(1, False), (5, False), (6, True)])
def test_a_session_that_is_lost_again_and_again_is_the_works_own_fault(in_a_row: int, charged: bool) -> None:
    step = after(failure(FailureKind.LOST, in_a_row=in_a_row), RULES, NOW)
    assert isinstance(step, CoolDown)
    assert step.charged is charged


def test_a_lost_session_gives_up_only_when_it_is_charged() -> None:
    lost = failure(FailureKind.LOST, charged_before=2, in_a_row=5)
    assert isinstance(after(lost, RULES, NOW), CoolDown)
    once_more = failure(FailureKind.LOST, charged_before=2, in_a_row=6)
    assert isinstance(after(once_more, RULES, NOW), GiveUp)


def test_a_usage_limit_parks_the_loop_and_costs_nothing() -> None:
    assert after(failure(FailureKind.LIMIT, charged_before=99), RULES, NOW) == ParkLoop()


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.CONFIGURATION])
def test_what_the_operator_must_mend_halts_with_its_words(kind: FailureKind) -> None:
    assert after(failure(kind, charged_before=99, detail="log in"), RULES, NOW) == HaltLoop(reason="log in")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("timed out after 7200 s", "timed out after 900 s"),
        ("took 1.5 seconds", "took 12 seconds"),
        ("exit status 1", "exit  status 2"),
        ("Exit status 1", "exit status 1"),
        ("cannot read /tmp/a/b.py", "cannot read /home/x/c.py"),
        ("cannot read 'src/a.py'", "cannot read 'lib/sub/b.py'"),
        (
            "session 550e8400-e29b-41d4-a716-446655440000 is gone",
            "session a50e84ff-eabb-4bd4-adbe-aaaaaaaaaaaa is gone",
        ),
        ("commit 1234567 is bad", "commit deadbeefdeadbeefdeadbeefdeadbeefdeadbeef is bad"),
        ("at 0x7fe01", "at 0x1"),
        ("failed\nin a\ttest", "failed in a test"),
        ("test_greet_1 failed", "test_greet_22 failed"),
    ],
)
def test_two_failures_are_the_same_but_for_numbers_paths_and_ids(one: str, other: str) -> None:
    assert fingerprint(FailureKind.CHECKS_RED, one) == fingerprint(FailureKind.CHECKS_RED, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pytest failed", "ruff failed"),
        ("no commit", "no commits"),
        ("a test failed", "the test failed"),
        ("it failed.", "it passed."),
        ("", "x"),
        ("a faded beech", "a decade of beef"),
    ],
)
def test_other_words_are_another_failure(one: str, other: str) -> None:
    assert fingerprint(FailureKind.CHECKS_RED, one) != fingerprint(FailureKind.CHECKS_RED, other)


def test_another_kind_is_another_failure() -> None:
    assert len({fingerprint(kind, "it failed") for kind in FailureKind}) == len(FailureKind)


@settings(deadline=None)
@given(st.text())
def test_a_fingerprint_is_twelve_hex_digits_whatever_was_said(detail: str) -> None:
    found = fingerprint(FailureKind.LOST, detail)
    assert len(found) == 12
    assert set(found) <= set("0123456789abcdef")


def test_a_fingerprint_is_there_for_text_that_utf8_cannot_hold() -> None:
    assert fingerprint(FailureKind.LOST, "half a pair: \ud800")
