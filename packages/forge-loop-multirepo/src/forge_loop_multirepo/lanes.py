"""Which repository takes the next free slot: fair shares by weight, ceilings, priorities, and ageing.

Owns: that decision, and what each repository has had so far. Must not: read a clock or know how a slot is used.

A lane's `served` is the slot-seconds it has used for each unit of its weight. The lane that is least served goes first,
so that lanes which always have work end up with shares in proportion to their weights. Who had no work is owed at most
one job a slot for that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# What a slot just taken is expected to cost, in seconds: without it, all free slots would go to one lane at once.
EXPECTED_SECONDS = 900.0
# The most that a lane is owed that had work and all the slots it may have, in seconds for each of these slots.
OWED_AT_CEILING = 8 * 3600.0
# So long without a slot, in seconds, and a lane is treated as one priority higher.
AGEING_SECONDS = 1800.0
LOWEST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One repository as the pool sees it.

    `used` slots are taken, `wants` more jobs are due, `ceiling` is the most it may have. `priority` runs from 0 (first)
    to 4. `waiting_since` (seconds, any epoch) is since when it wants a slot and has none. `closed` says why it may take
    nothing at the moment, or is empty.
    """

    name: str
    weight: float = 1.0
    ceiling: int = 1
    priority: int = 2
    used: int = 0
    wants: int = 0
    served: float = 0.0
    waiting_since: float | None = None
    closed: str = ""

    @property
    def contends(self) -> bool:
        """Whether it would take a slot if it were given one."""
        return self.wants > 0 and self.used < self.ceiling and not self.closed


def in_order(lanes: Iterable[Lane], now: float) -> list[Lane]:
    """The lanes that would take a slot, first the one that takes the next."""
    contending = [lane for lane in lanes if lane.contends]
    best = min((lane.priority for lane in contending), default=LOWEST)
    return sorted(contending, key=lambda lane: _rank(lane, best, now))


def following(lanes: Sequence[Lane], slots: int, now: float) -> Lane | None:
    """The lane that takes the next free slot; None if none is free or nobody wants one."""
    if sum(lane.used for lane in lanes) >= slots:
        return None
    return next(iter(in_order(lanes, now)), None)


def pressing(lane: Lane, best: int, now: float) -> int:
    """Its priority after ageing: never above the `best` of those it contends with, among whom the weights decide."""
    waited = max(0.0, now - lane.waiting_since) if lane.waiting_since is not None else 0.0
    return min(lane.priority, max(best, lane.priority - int(waited // AGEING_SECONDS)))


def passed(lanes: Iterable[Lane], seconds: float) -> list[Lane]:
    """The lanes after so many seconds in which nothing was taken or given back. What does not change is not copied."""
    charged = [_charged(lane, max(0.0, seconds)) for lane in lanes]
    floor = min((lane.served for lane in charged if lane.contends), default=None)
    if floor is None:
        return charged
    return [lane if lane.contends else _not_owed(lane, floor) for lane in charged]


def _charged(lane: Lane, seconds: float) -> Lane:
    return replace(lane, served=lane.served + lane.used * seconds / lane.weight) if lane.used else lane


def _not_owed(lane: Lane, floor: float) -> Lane:
    """Who takes nothing for now may fall behind the others by so much and no more."""
    owed = OWED_AT_CEILING if lane.used and lane.wants and not lane.closed else EXPECTED_SECONDS
    least = floor - owed * lane.ceiling / lane.weight
    return replace(lane, served=least) if lane.served < least else lane


def seen(lane: Lane, *, used: int, wants: int, closed: str, now: float) -> Lane:
    """The lane as it is now. Its wait begins when it first wants a slot and has none."""
    starved = wants > 0 and used == 0 and not closed
    since = (lane.waiting_since if lane.waiting_since is not None else now) if starved else None
    return replace(lane, used=used, wants=wants, closed=closed, waiting_since=since)


def foreseen(lanes: Sequence[Lane], slots: int, now: float) -> list[tuple[Lane, str]]:
    """What would start next if nothing ended: each lane as it stands before its turn, and why it is its turn."""
    found: list[tuple[Lane, str]] = []
    standing = {lane.name: lane for lane in lanes}
    while (lane := following(list(standing.values()), slots, now)) is not None:
        found.append((lane, _because(lane, standing.values(), now)))
        standing[lane.name] = seen(lane, used=lane.used + 1, wants=lane.wants - 1, closed="", now=now)
    return found


def held_back(lane: Lane, lanes: Sequence[Lane], slots: int, now: float) -> tuple[str, ...]:
    """Every reason why a lane takes no slot at the moment, whatever its jobs."""
    reasons = [lane.closed] if lane.closed else []
    if lane.used >= lane.ceiling:
        reasons.append(f"it has all of its {lane.ceiling} slots")
    if sum(each.used for each in lanes) >= slots:
        reasons.append(f"all {slots} slots of the fleet are taken")
    ahead = [each.name for each in in_order(lanes, now)]
    if lane.contends and ahead and ahead[0] != lane.name:
        reasons.append(f"the next free slot goes to {ahead[0]}: {_because(_named(lanes, ahead[0]), lanes, now)}")
    return tuple(reasons)


def _named(lanes: Sequence[Lane], name: str) -> Lane:
    return next(lane for lane in lanes if lane.name == name)


def _rank(lane: Lane, best: int, now: float) -> tuple[int, float, str]:
    return pressing(lane, best, now), lane.served + lane.used * EXPECTED_SECONDS / lane.weight, lane.name


def _because(lane: Lane, lanes: Iterable[Lane], now: float) -> str:
    best = min((each.priority for each in lanes if each.contends), default=LOWEST)
    pressed = pressing(lane, best, now)
    aged = f", raised from p{lane.priority} by waiting" if pressed < lane.priority else ""
    return f"p{pressed}{aged}, weight {lane.weight:g}, {lane.served / 60:.0f} slot-minutes so far for each unit of it"
