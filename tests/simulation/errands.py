"""Errands on one thread, in an order that a seed draws.

Owns: when an errand runs and when its outcome is handed over. Must not: run one inside `start`, where a transaction of
the runner's may be open; a thread would not see that either.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from forge_loop.runner.errands import Errands

Outcome = TypeVar("Outcome")


class SeededErrands(Errands):
    """Stands in for the pool of threads, of which it makes none. `between` is called before an errand runs.

    What is `held` does not run for now.
    """

    def __init__(self, chance: Random, between: Callable[[], None]) -> None:
        self.eager = False
        self.held: set[str] = set()
        self._chance = chance
        self._between = between
        self._waiting: dict[str, Callable[[], Callable[[], None]]] = {}
        self._brought: list[tuple[str, Callable[[], None]]] = []
        self._under_way: set[str] = set()

    def start(
        self,
        key: str,
        act: Callable[[], Outcome],
        *,
        then: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
    ) -> None:
        assert key not in self._under_way, f"errand {key!r} is running already"
        self._under_way.add(key)

        def run() -> Callable[[], None]:
            try:
                outcome = act()
            except Exception as error:  # noqa: BLE001 - what an errand raises is handed to `failed`, as threads do
                kept: Exception = error
                return lambda: failed(kept)
            return lambda: then(outcome)

        self._waiting[key] = run

    def busy(self, key: str) -> bool:
        return key in self._under_way

    @property
    def idle(self) -> bool:
        return not self._under_way

    def collect(self) -> None:
        self.some()
        while self._brought:
            key, deliver = self._brought.pop(0)
            self._under_way.discard(key)
            deliver()

    def wait(self, key: str, seconds: float) -> None:
        if key in self._waiting and key not in self.held and (self.eager or self._chance.random() < 0.9):
            self._run(key)

    def some(self) -> None:
        """Run a few of those that wait, in any order."""
        keys = sorted(self._waiting.keys() - self.held)
        self._chance.shuffle(keys)
        for key in keys:
            if self.eager or self._chance.random() < 0.7:
                self._between()
                self._run(key)

    def close(self) -> None:
        """As a pool does at its end: some still run, none is handed over."""
        self.some()
        self._waiting.clear()

    def _run(self, key: str) -> None:
        self._brought.append((key, self._waiting.pop(key)()))
