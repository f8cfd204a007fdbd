"""The slots of a loop that shares them with no other: the project's own setting.

Owns: that rule. Must not: know of other loops.
"""

from __future__ import annotations


class OwnSlots:
    def may_take(self, *, in_hand: int, limit: int) -> bool:
        return in_hand < limit
