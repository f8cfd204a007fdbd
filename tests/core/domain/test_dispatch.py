"""Why nothing is dispatched: every reason that holds, each alone and all together."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from forge_loop.domain.dispatch import LEAST_FREE_BYTES, DispatchFacts, closed_because, is_low
from forge_loop.domain.reason import Reason
from support.samples import NOW

LATER, TICK = NOW + timedelta(hours=1), timedelta(microseconds=1)


def facts(**changes: object) -> DispatchFacts:
    values: dict[str, object] = {
        "paused": False,
        "paused_until": None,
        "pause_reason": None,
        "parked_until": None,
        "park_reason": None,
        "halt_reason": None,
        "base_known": True,
    }
    return DispatchFacts(**{**values, **changes})  # type: ignore[arg-type]


def test_nothing_against_it_is_open() -> None:
    assert closed_because(facts(), NOW) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paused": True}, Reason(code="paused", text="the loop is paused")),
        (
            {"paused": True, "paused_until": LATER, "pause_reason": "a release"},
            Reason(code="paused", text="the loop is paused: a release", until=LATER),
        ),
        ({"paused": True, "pause_reason": ""}, Reason(code="paused", text="the loop is paused")),
        (
            {"parked_until": LATER, "park_reason": "the usage limit"},
            Reason(code="parked", text="the loop is parked: the usage limit", until=LATER),
        ),
        ({"parked_until": LATER}, Reason(code="parked", text="the loop is parked", until=LATER)),
        ({"halt_reason": "log in"}, Reason(code="halted", text="dispatch is halted: log in")),
        ({"halt_reason": ""}, Reason(code="halted", text="dispatch is halted")),
        (
            {"free_bytes": LEAST_FREE_BYTES - 1},
            Reason(
                code="storage_low",
                text="63 MiB are left on the disk of the state directory, work waits for 64",
            ),
        ),
        ({"base_known": False}, Reason(code="base_unknown", text="the commit of the base branch is not known")),
        (
            {"base_unchecked": True},
            Reason(code="base_unchecked", text="the checks have not run on the untouched base yet"),
        ),
        (
            {"base_red": "pytest -q"},
            Reason(
                code="base_red",
                text="the checks fail on the untouched base (pytest -q): mend base, or checks in forge-loop.yaml",
            ),
        ),
    ],
)
def test_each_reason_is_told_with_its_words_and_its_end(changes: dict[str, object], reason: Reason) -> None:
    assert closed_because(facts(**changes), NOW) == (reason,)


@pytest.mark.parametrize("name", ["parked_until", "paused_until"])
def test_a_wait_that_is_over_closes_nothing(name: str) -> None:
    for until, closed in ((NOW + TICK, True), (NOW, False), (NOW - TICK, False)):
        waiting = facts(**{name: until, "paused": name == "paused_until"})
        assert bool(closed_because(waiting, NOW)) is closed


def test_every_combination_names_every_reason() -> None:
    one_each: dict[str, dict[str, object]] = {
        "paused": {"paused": True},
        "parked": {"parked_until": LATER},
        "halted": {"halt_reason": "log in"},
        "base_unknown": {"base_known": False},
        "base_unchecked": {"base_unchecked": True},
        "base_red": {"base_red": "pytest -q"},
    }
    for chosen in product([False, True], repeat=len(one_each)):
        codes = [code for code, holds in zip(one_each, chosen, strict=True) if holds]
        changes = {name: value for code in codes for name, value in one_each[code].items()}
        assert [reason.code for reason in closed_because(facts(**changes), NOW)] == codes


@pytest.mark.parametrize(
    ("free", "low"), [(None, False), (0, True), (LEAST_FREE_BYTES - 1, True), (LEAST_FREE_BYTES, False)]
)
def test_room_is_low_below_the_least_there_must_be_and_never_where_it_is_not_known(free: int | None, low: bool) -> None:
    assert is_low(free) is low
    assert bool(closed_because(facts(free_bytes=free), NOW)) is low
