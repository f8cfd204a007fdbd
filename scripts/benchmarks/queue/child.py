"""One process of a measurement with several: says "ready", begins when its stdin closes, tells what it did as JSON."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.queue.contender import Queue
from benchmarks.queue.contenders import named

LAST = -1  # the job that ends a consumer
_NEVER_TAKES_LONGER = 120


def produce(queue: Queue, count: int) -> dict[str, object]:
    for number in range(count):
        queue.push({"number": number})
    return {}


def consume(queue: Queue, _: int) -> dict[str, object]:
    """Until it takes the job that ends a consumer."""
    numbers = []
    deadline = time.monotonic() + _NEVER_TAKES_LONGER
    while time.monotonic() < deadline:
        found = queue.claim_when_there()
        if found is None:
            continue
        job, receipt = found
        queue.ack(receipt)
        if job["number"] == LAST:
            return {"numbers": numbers, "until": time.monotonic()}
        numbers.append(job["number"])
    raise TimeoutError("no job ended this consumer")


def be_woken(queue: Queue, seconds: int) -> dict[str, object]:
    """Idle for so many seconds, then take jobs that say when they were pushed: milliseconds each, CPU when idle."""
    cpu, begun = time.process_time(), time.monotonic()
    while time.monotonic() < begun + seconds:
        assert queue.claim_when_there() is None
    idle = (time.process_time() - cpu) / (time.monotonic() - begun)
    print("idle", flush=True)
    delays = []
    deadline = time.monotonic() + _NEVER_TAKES_LONGER
    while time.monotonic() < deadline:
        found = queue.claim_when_there()
        if found is None:
            continue
        now = time.monotonic_ns()
        job, receipt = found
        queue.ack(receipt)
        if job["number"] == LAST:
            return {"delays": delays, "idle": idle}
        delays.append((now - job["number"]) / 1e6)
    raise TimeoutError("no job ended this consumer")


def main() -> None:
    role, name, directory, number = sys.argv[1:]
    queue = named(name).open(Path(directory))
    print("ready", flush=True)
    sys.stdin.read()
    act = {"produce": produce, "consume": consume, "be_woken": be_woken}[role]
    told = act(queue, int(number))
    queue.close()
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
