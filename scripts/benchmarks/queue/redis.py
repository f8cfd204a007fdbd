"""Redis, run for the measurement alone: Debian's redis-server on a socket in the measurement's own directory.

Owns: starting and ending the server. The queue is the list pattern with an ack of Redis's own documentation: LMOVE to a
list of what is in hand, LREM from it.
Source: https://redis.io/docs/latest/commands/lmove/
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.queue.contender import Claim, Job

_STARTS_WITHIN = 20
_WAITING, _IN_HAND = "waiting", "in hand"


class Redis:
    def __init__(self, directory: Path) -> None:
        import redis

        self._redis = redis.Redis(unix_socket_path=str(directory / "redis.sock"), decode_responses=True)

    def push(self, job: Job) -> None:
        self._redis.lpush(_WAITING, json.dumps(job))

    def push_batch(self, jobs: Sequence[Job]) -> None:
        self._redis.lpush(_WAITING, *(json.dumps(job) for job in jobs))

    def claim(self) -> Claim | None:
        return _claimed(self._redis.lmove(_WAITING, _IN_HAND, "RIGHT", "LEFT"))

    def claim_when_there(self) -> Claim | None:
        return _claimed(self._redis.blmove(_WAITING, _IN_HAND, 1, "RIGHT", "LEFT"))

    def ack(self, receipt: Any) -> None:
        self._redis.lrem(_IN_HAND, 1, receipt)

    def close(self) -> None:
        self._redis.close()


def _claimed(text: str | None) -> Claim | None:
    return (json.loads(text), text) if text is not None else None


@contextmanager
def server(appendfsync: str, directory: Path) -> Iterator[None]:
    """A server whose files are in `directory`. It ends with the block."""
    settings = {
        "port": "0",
        "unixsocket": str(directory / "redis.sock"),
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "appendfsync": appendfsync,
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
    try:
        _until_it_answers(directory)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _until_it_answers(directory: Path) -> None:
    import redis

    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            redis.Redis(unix_socket_path=str(directory / "redis.sock")).ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
