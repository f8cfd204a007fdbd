"""What is asked of every queue that is measured.

Owns: the protocol and how a contender is described. Must not: know a queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Job = dict[str, int]
Claim = tuple[Job, Any]


class Queue(Protocol):
    """A queue as one process uses it. Jobs go in as dicts and come out as dicts, whatever it keeps them as."""

    def push(self, job: Job) -> None: ...

    def push_batch(self, jobs: Sequence[Job]) -> None:
        """Raises NotImplementedError where a batch is no more than its pushes one by one."""

    def claim(self) -> Claim | None:
        """The next job and what its ack needs; None if there is none."""

    def ack(self, receipt: Any) -> None: ...

    def claim_when_there(self) -> Claim | None:
        """The next job, waited for in the way its users wait, a second at most."""

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """`on_disk`: what is on disk when a push returns. `lost_with_consumer`: its claim is the job's end."""

    name: str
    open: Callable[[Path], Queue]
    on_disk: str
    durable: bool
    lost_with_consumer: bool = False
    only_pushes: bool = False
    server: Callable[[Path], AbstractContextManager[None]] = nullcontext


def polled(claim: Callable[[], Claim | None], *, pause: float) -> Claim | None:
    """How a queue is waited for that has no way of its own."""
    deadline = time.monotonic() + 1
    while (found := claim()) is None and time.monotonic() < deadline:
        time.sleep(pause)
    return found
