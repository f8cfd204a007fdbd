"""Room on the disk: told once when it runs out, and again only after there was enough.

Owns: that it is said once. Must not: decide what waits for room (`domain.dispatch` does).
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.dispatch import is_low
from forge_loop.domain.events import StorageLow
from forge_loop.runner.context import Context


@dataclass(slots=True)
class StorageWatch:
    context: Context
    _told: bool = False
    _warned: bool = False

    def look(self) -> None:
        """Tell of a disk that runs full, while the database still takes an event."""
        free = self.context.store.free_bytes()
        if not is_low(free):
            self._told = self._warned = False
        elif not self._told:
            with self.context.store.transaction():
                self.context.tell(StorageLow(free_bytes=free))
            self._told = True

    def full(self, place: str, error: Exception) -> None:
        """A stage met the full disk. All of them will, in every tick: one warning is enough."""
        if not self._warned:
            self.context.on_fault(place, error)
        self._warned = True
