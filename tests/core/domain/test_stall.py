"""The watchdog's rules, each at its edge."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from forge_loop.domain.stall import Signs, Watch, WatchRules, watch
from support.samples import NOW

RULES = WatchRules(
    warn=timedelta(minutes=10),
    stop=timedelta(minutes=15),
    tool=timedelta(minutes=30),
    no_progress=timedelta(minutes=90),
    timeout=timedelta(hours=2),
)
TICK = timedelta(microseconds=1)
JUST_NOW = timedelta(0)


def judged(
    *,
    age: timedelta,
    heard: timedelta | None = JUST_NOW,
    changed: timedelta | None = JUST_NOW,
    rules: WatchRules = RULES,
    in_tool: bool = False,
) -> Watch:
    """What is done about a session so old, last heard of so long ago, whose files last changed so long ago."""

    def ago(span: timedelta | None) -> datetime | None:
        return None if span is None else NOW - span

    signs = Signs(spawned_at=NOW - age, heard_at=ago(heard), changed_at=ago(changed), in_tool=in_tool)
    return watch(signs, rules, NOW)


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (JUST_NOW, Watch.FINE),
        (RULES.warn - TICK, Watch.FINE),
        (RULES.warn, Watch.WARN),
        (RULES.stop - TICK, Watch.WARN),
        (RULES.stop, Watch.STOP_SILENT),
        (RULES.stop + TICK, Watch.STOP_SILENT),
    ],
)
def test_a_silent_session_is_warned_of_and_then_ended(silent: timedelta, expected: Watch) -> None:
    assert judged(age=timedelta(hours=1), heard=silent) is expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (RULES.warn - TICK, Watch.FINE),
        (RULES.warn, Watch.WARN),
        (RULES.stop - TICK, Watch.WARN),
        (RULES.stop, Watch.STOP_SILENT),
    ],
)
def test_the_clock_starts_at_the_spawn_and_not_at_the_first_event(age: timedelta, expected: Watch) -> None:
    assert judged(age=age, heard=None, changed=None) is expected


def test_what_was_heard_before_the_spawn_was_another_session() -> None:
    assert judged(age=timedelta(minutes=1), heard=timedelta(hours=1)) is Watch.FINE


@pytest.mark.parametrize(
    ("unchanged", "expected"), [(RULES.no_progress - TICK, Watch.FINE), (RULES.no_progress, Watch.STOP_NO_PROGRESS)]
)
def test_a_session_whose_files_no_longer_change_is_ended(unchanged: timedelta, expected: Watch) -> None:
    assert judged(age=timedelta(minutes=100), changed=unchanged) is expected


def test_files_that_were_there_before_the_spawn_do_not_count_as_standing_still() -> None:
    days = timedelta(days=3)
    assert judged(age=RULES.no_progress - TICK, changed=days) is Watch.FINE
    assert judged(age=RULES.no_progress, changed=days) is Watch.STOP_NO_PROGRESS


def test_a_session_that_changes_no_files_is_not_asked_for_progress() -> None:
    assert judged(age=timedelta(minutes=119), changed=None) is Watch.FINE


@pytest.mark.parametrize(
    ("age", "expected"), [(RULES.timeout - TICK, Watch.FINE), (RULES.timeout, Watch.STOP_TIMED_OUT)]
)
def test_a_session_is_ended_at_its_wall_clock_however_lively(age: timedelta, expected: Watch) -> None:
    assert judged(age=age) is expected


def test_the_gravest_rule_that_holds_is_named() -> None:
    long = timedelta(days=1)
    assert judged(age=long, heard=long, changed=long) is Watch.STOP_TIMED_OUT
    assert judged(age=RULES.timeout - TICK, heard=long, changed=long) is Watch.STOP_SILENT
    assert judged(age=RULES.timeout - TICK, heard=RULES.warn, changed=long) is Watch.STOP_NO_PROGRESS


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (RULES.warn - TICK, Watch.FINE),
        (RULES.warn, Watch.WARN),
        (RULES.stop, Watch.WARN),
        (RULES.tool - TICK, Watch.WARN),
        (RULES.tool, Watch.STOP_SILENT),
    ],
)
def test_a_tool_call_under_way_has_its_own_allowance(silent: timedelta, expected: Watch) -> None:
    assert judged(age=timedelta(hours=1), heard=silent, in_tool=True) is expected


def test_a_tool_call_prolongs_neither_the_wall_clock_nor_the_wait_for_a_change() -> None:
    assert judged(age=RULES.timeout, in_tool=True) is Watch.STOP_TIMED_OUT
    assert judged(age=timedelta(minutes=100), changed=RULES.no_progress, in_tool=True) is Watch.STOP_NO_PROGRESS
