"""Other queues in a file that need no server. What they are is in peers.txt."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.queue.contender import Claim, Job, polled


class LiteQueue:
    """Users poll it; it sets synchronous=NORMAL itself."""

    def __init__(self, directory: Path) -> None:
        import litequeue

        self._queue = litequeue.LiteQueue(str(directory / "queue.db"), timeout=60)

    def push(self, job: Job) -> None:
        self._queue.put(json.dumps(job))

    def push_batch(self, jobs: Sequence[Job]) -> None:
        with self._queue.transaction():
            for job in jobs:
                self.push(job)

    def claim(self) -> Claim | None:
        message = self._queue.pop()
        return (json.loads(message.data), message.message_id) if message else None

    def ack(self, receipt: Any) -> None:
        self._queue.done(receipt)

    def claim_when_there(self) -> Claim | None:
        return polled(self.claim, pause=0.01)

    def close(self) -> None:
        self._queue.conn.close()


class PersistQueue:
    """Its SQLiteAckQueue, with the serializer that keeps JSON."""

    def __init__(self, directory: Path) -> None:
        import persistqueue
        from persistqueue.serializers import json as as_json

        self._empty = persistqueue.Empty
        self._queue = persistqueue.SQLiteAckQueue(str(directory), auto_commit=True, timeout=60, serializer=as_json)

    def push(self, job: Job) -> None:
        self._queue.put(job)

    def push_batch(self, jobs: Sequence[Job]) -> None:
        raise NotImplementedError

    def claim(self) -> Claim | None:
        try:
            item = self._queue.get(block=False, raw=True)
        except self._empty:
            return None
        return item["data"], item["pqid"]

    def ack(self, receipt: Any) -> None:
        self._queue.ack(id=receipt)

    def claim_when_there(self) -> Claim | None:
        return polled(self.claim, pause=0.01)  # what its blocking get does

    def close(self) -> None:
        self._queue.close()


class Huey:
    """Its SqliteStorage as Huey uses it: FULL, since it leaves SQLite's default. A claim deletes the job."""

    def __init__(self, directory: Path) -> None:
        from huey.storage import SqliteStorage

        self._queue = SqliteStorage(filename=str(directory / "queue.db"), timeout=60)

    def push(self, job: Job) -> None:
        self._queue.enqueue(json.dumps(job).encode())

    def push_batch(self, jobs: Sequence[Job]) -> None:
        raise NotImplementedError

    def claim(self) -> Claim | None:
        data = self._queue.dequeue()
        return (json.loads(bytes(data)), None) if data is not None else None

    def ack(self, receipt: Any) -> None:
        """There is none."""

    def claim_when_there(self) -> Claim | None:
        return polled(self.claim, pause=0.1)  # the first pause of its consumer; later ones are longer

    def close(self) -> None:
        self._queue.close()


class AppendedFile:
    """No queue: what the disk takes to append a line and flush it."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / "jobs").open("ab", buffering=0)

    def push(self, job: Job) -> None:
        self._file.write(json.dumps(job).encode() + b"\n")
        os.fsync(self._file.fileno())

    def push_batch(self, jobs: Sequence[Job]) -> None:
        self._file.write(b"".join(json.dumps(job).encode() + b"\n" for job in jobs))
        os.fsync(self._file.fileno())

    def claim(self) -> Claim | None:
        raise NotImplementedError

    def ack(self, receipt: Any) -> None:
        raise NotImplementedError

    def claim_when_there(self) -> Claim | None:
        raise NotImplementedError

    def close(self) -> None:
        self._file.close()
