"""Errands: slow work done beside the runner's thread, whose outcome is a fact for a later tick.

Owns: the worker threads and what they have brought back. Must not: touch the store; `then` and `failed` run on the
runner's thread, in `collect`.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

Outcome = TypeVar("Outcome")

THREADS = 8


class Errands:
    """At most one errand a key at a time. `wake` is called from a worker thread when one is back."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="errand")
        self._running: dict[str, Future[Any]] = {}
        self._back: queue.SimpleQueue[tuple[str, Callable[[], None]]] = queue.SimpleQueue()

    def start(
        self,
        key: str,
        act: Callable[[], Outcome],
        *,
        then: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run `act` in a thread; later, on the runner's thread, `then` with its value or `failed` with its error."""
        assert key not in self._running, f"errand {key!r} is running already"
        future = self._pool.submit(act)
        self._running[key] = future
        future.add_done_callback(lambda done: self._bring_back(key, done, then, failed))

    def _bring_back(
        self,
        key: str,
        done: Future[Outcome],
        then: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
    ) -> None:
        error = done.exception()
        if error is None:
            self._back.put((key, lambda: then(done.result())))
        elif isinstance(error, Exception):
            self._back.put((key, lambda: failed(error)))
        self._wake()

    def busy(self, key: str) -> bool:
        return key in self._running

    @property
    def idle(self) -> bool:
        return not self._running

    def collect(self) -> None:
        """Hand over everything that is back, oldest first."""
        while True:
            try:
                key, deliver = self._back.get_nowait()
            except queue.Empty:
                return
            self._running.pop(key, None)
            deliver()

    def wait(self, key: str, seconds: float) -> None:
        """Wait until this errand is back, at most so long."""
        future = self._running.get(key)
        if future is not None:
            wait([future], timeout=seconds)

    def close(self) -> None:
        """Start nothing more; running errands end by their own time limits."""
        self._pool.shutdown(wait=True, cancel_futures=True)
