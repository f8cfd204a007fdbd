"""The pool of slots: the lanes as they stand, and each loop's way to ask for a slot.

Owns: keeping the lanes' counts and times up to date, and telling a loop that it is its turn. Must not: rank lanes
(`lanes` does), or run a loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from forge_loop_multirepo import lanes
from forge_loop_multirepo.fleet_file import Fleet
from forge_loop_multirepo.lanes import Lane


class Pool:
    """`monotonic` measures how long slots are used, `call` wakes the loop of a name. Used on one thread."""

    def __init__(self, slots: int, *, monotonic: Callable[[], float], call: Callable[[str], None]) -> None:
        self.slots = slots
        self._monotonic = monotonic
        self._call = call
        self._lanes: dict[str, Lane] = {}
        self._ceilings: dict[str, int] = {}
        self._charged_at = monotonic()

    @property
    def lanes(self) -> list[Lane]:
        """Every lane as it stands now."""
        self._charge()
        return list(self._lanes.values())

    def admit(self, fleet: Fleet, served: dict[str, float]) -> None:
        """Take the terms of a fleet file. `served` is what lanes are known to have had before; newcomers enter level
        with the least served."""
        self._charge()
        self.slots = fleet.slots
        level = min((lane.served for lane in self._lanes.values()), default=0.0)
        standing, self._lanes = self._lanes, {}
        for each in fleet.repositories:
            known = standing.get(each.name) or Lane(name=each.name, served=served.get(each.name, level))
            ceiling = self._ceilings[each.name] = min(each.max_slots or fleet.slots, fleet.slots)
            self._lanes[each.name] = replace(known, weight=each.weight, ceiling=ceiling, priority=each.priority)

    def see(self, name: str, *, used: int, wants: int, limit: int, closed: str) -> None:
        """What a loop has and wants now. `limit` is its project's own setting, `closed` why it may take nothing."""
        if name not in self._lanes:
            return
        self._charge()
        lane = replace(self._lanes[name], ceiling=min(self._ceilings[name], limit))
        self._lanes[name] = lanes.seen(lane, used=used, wants=wants, closed=closed, now=self._charged_at)

    def pass_on(self, name: str) -> None:
        """The loop `name` has had its chance. Whoever is next for a free slot is called."""
        chosen = self._following()
        if chosen is not None and chosen.name == name:
            # It could have taken a slot and did not: what is due there cannot be claimed at the moment.
            self._lanes[name] = replace(self._lanes[name], wants=0)
            chosen = self._following()
        if chosen is not None:
            self._call(chosen.name)

    def may_take(self, name: str, *, in_hand: int, limit: int, closed: str) -> bool:
        """Whether the loop `name` may claim one more job now. If it is another one's turn, that one is called."""
        lane = self._lanes.get(name)
        if lane is None:
            return False
        self.see(name, used=in_hand, wants=max(1, lane.wants), limit=limit, closed=closed)
        chosen = self._following()
        if chosen is not None and chosen.name != name:
            self._call(chosen.name)
        return chosen is not None and chosen.name == name

    def _following(self) -> Lane | None:
        return lanes.following(self.lanes, self.slots, self._charged_at)

    def _charge(self) -> None:
        now = self._monotonic()
        after = lanes.passed(self._lanes.values(), now - self._charged_at)
        self._lanes = {lane.name: lane for lane in after}
        self._charged_at = now

    @property
    def now(self) -> float:
        """The pool's time: what `waiting_since` of its lanes counts in."""
        return self._charged_at


class PooledSlots:
    """One loop's view of the pool: the Slots port."""

    def __init__(self, pool: Pool, name: str, closed: Callable[[], str]) -> None:
        """`closed` says why the repository may take nothing at the moment, or nothing."""
        self._pool = pool
        self._name = name
        self._closed = closed

    def may_take(self, *, in_hand: int, limit: int) -> bool:
        return self._pool.may_take(self._name, in_hand=in_hand, limit=limit, closed=self._closed())
