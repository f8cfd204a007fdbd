"""Fair slots: shares by weight, nobody starves, no slot idles while somebody may take it."""

from __future__ import annotations

import heapq
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_loop_multirepo.lanes import (
    AGEING_SECONDS,
    EXPECTED_SECONDS,
    Lane,
    following,
    foreseen,
    held_back,
    passed,
    pressing,
    seen,
)

DAY = 24 * 3600.0


def day(lanes: list[Lane], slots: int, *, seed: int, seconds: float = DAY) -> dict[str, float]:
    """Slot-seconds by lane over a day in which every lane always has work; a job takes 2 to 12 minutes."""
    chance, now, had = Random(seed), 0.0, dict.fromkeys([lane.name for lane in lanes], 0.0)
    ends: list[tuple[float, str]] = []
    standing = {lane.name: replace(lane, wants=5) for lane in lanes}
    while now < seconds:
        while (lane := following(list(standing.values()), slots, now)) is not None:
            standing[lane.name] = seen(lane, used=lane.used + 1, wants=5, closed="", now=now)
            heapq.heappush(ends, (now + chance.uniform(120, 720), lane.name))
        later, name = heapq.heappop(ends)
        for lane in standing.values():
            had[lane.name] += lane.used * (later - now)
        standing = {lane.name: lane for lane in passed(standing.values(), later - now)}
        now = later
        standing[name] = seen(standing[name], used=standing[name].used - 1, wants=5, closed="", now=now)
    return had


@pytest.mark.parametrize("seed", range(5))
def test_shares_over_a_day_are_within_five_percent_of_the_weights(seed: int) -> None:
    weights = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 1.0, "e": 1.0, "f": 1.0}
    had = day([Lane(name=name, weight=weight, ceiling=4) for name, weight in weights.items()], 4, seed=seed)
    total = sum(had.values())
    assert total >= 0.99 * 4 * DAY  # no slot idled
    for name, weight in weights.items():
        assert had[name] / total == pytest.approx(weight / 9, rel=0.05)


@settings(max_examples=15, deadline=None)
@given(
    weights=st.lists(st.integers(1, 8), min_size=2, max_size=6),
    slots=st.integers(1, 5),
    seed=st.integers(0, 10_000),
)
def test_shares_follow_any_weights(weights: list[int], slots: int, seed: int) -> None:
    lanes = [Lane(name=f"r{index}", weight=weight, ceiling=slots) for index, weight in enumerate(weights)]
    had = day(lanes, slots, seed=seed, seconds=2 * DAY)
    total = sum(had.values())
    # One long job is the grain of a share.
    grain = 720 * slots / (2 * DAY * slots)
    for lane in lanes:
        assert abs(had[lane.name] / total - lane.weight / sum(weights)) <= 0.01 + grain


def test_a_ceiling_holds_and_what_it_leaves_is_shared_by_weight() -> None:
    lanes = [Lane(name="wide", weight=8, ceiling=1), Lane(name="b", weight=2, ceiling=4), Lane(name="c", ceiling=4)]
    had = day(lanes, 4, seed=1)
    assert had["wide"] / DAY == pytest.approx(1.0, rel=0.01)
    assert had["b"] / had["c"] == pytest.approx(2.0, rel=0.05)


@settings(max_examples=200, deadline=None)
@given(
    lanes=st.lists(
        st.builds(
            Lane,
            name=st.sampled_from("abcdef"),
            weight=st.floats(0.1, 10),
            ceiling=st.integers(1, 4),
            priority=st.integers(0, 4),
            used=st.integers(0, 2),
            wants=st.integers(0, 3),
            served=st.floats(0, 1e6),
            closed=st.sampled_from(["", "", "paused"]),
        ),
        unique_by=lambda lane: lane.name,
    ),
    slots=st.integers(1, 6),
)
def test_no_slot_stays_free_while_a_lane_may_take_it(lanes: list[Lane], slots: int) -> None:
    chosen = following(lanes, slots, 0.0)
    free = sum(lane.used for lane in lanes) < slots
    assert (chosen is not None) == (free and any(lane.contends for lane in lanes))
    assert chosen is None or (chosen.used < chosen.ceiling and not chosen.closed and chosen.wants > 0)


def test_a_low_priority_is_served_after_ageing_and_not_before() -> None:
    high = Lane(name="high", priority=0, ceiling=9, wants=9)
    low = seen(Lane(name="low", priority=3, ceiling=9), used=0, wants=1, closed="", now=0.0)
    for_long = 3 * AGEING_SECONDS
    assert [pressing(low, 0, moment) for moment in (0.0, AGEING_SECONDS - 1, AGEING_SECONDS, for_long)] == [3, 3, 2, 0]
    assert pressing(low, 2, for_long) == 2
    busy = replace(high, served=1.0)
    assert following([busy, low], 1, for_long - 1) == busy
    assert following([busy, low], 1, for_long) == low


def test_a_lane_that_had_no_work_is_owed_one_job_a_slot_at_most() -> None:
    idle = Lane(name="idle", ceiling=4)
    busy = Lane(name="busy", ceiling=4, used=2, wants=4)
    later = {lane.name: lane for lane in passed([idle, busy], DAY)}
    assert later["busy"].served == 2 * DAY
    assert later["idle"].served == 2 * DAY - 4 * EXPECTED_SECONDS


def test_what_comes_next_is_foreseen_with_its_reason_and_changes_nothing() -> None:
    lanes = [Lane(name="a", weight=2, ceiling=4, wants=3), Lane(name="b", ceiling=1, wants=2)]
    coming = foreseen(lanes, 4, 0.0)
    assert [lane.name for lane, _ in coming] == ["a", "b", "a", "a"]
    assert coming[0][1].startswith("p2, weight 2")
    assert lanes[0].used == 0


def test_every_reason_that_holds_a_lane_back_is_named() -> None:
    full = Lane(name="full", ceiling=1, used=1, wants=1, closed="it is outside its windows (sat-sun)")
    other = Lane(name="other", ceiling=2, used=1, wants=1)
    reasons = held_back(full, [full, other], 2, 0.0)
    assert [reason.split("(")[0].strip() for reason in reasons] == [
        "it is outside its windows",
        "it has all of its 1 slots",
        "all 2 slots of the fleet are taken",
    ]
    first, second = Lane(name="first", ceiling=2, wants=1), Lane(name="second", ceiling=2, wants=1, served=60.0)
    assert held_back(second, [first, second], 2, 0.0)[0].startswith("the next free slot goes to first: p2, weight 1")
    assert held_back(first, [first, second], 2, 0.0) == ()
