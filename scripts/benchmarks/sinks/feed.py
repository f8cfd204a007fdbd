"""One sink over the events of a loop that ran: what it takes of the CPU of the process that it is in.

Owns: the process (`python -m benchmarks.sinks.feed NAME STATE URL TIMES`), the sinks' sections. Must not: run the
receiver in it: what a receiver takes is not the loop's.
"""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forge_loop.config.model import Settings, Sink
from forge_loop.domain.job import SessionRow
from forge_loop.domain.recorded import Recorded
from forge_loop.plugins import SinkSetup, load_sink
from forge_loop.status import open_store_read_only

SECRET = "whsec_Zm9yZ2UtbG9vcC1iZW5jaC1zZWNyZXQtMDAwMQ=="
SINKS = ("otel", "webhook")


def section(name: str, url: str) -> Mapping[str, Any]:
    if name == "otel":
        return {"endpoint": url}
    return {"url": "env:HOOK", "secret": "env:SECRET", "allow_private": True}


def main() -> None:
    name, state, url, times = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    with open_store_read_only(state) as opened:
        assert opened is not None, state
        events = opened[0].events.after(0, limit=1_000_000)
        sessions = opened[0].sessions.select()
    settings = Settings(sinks=(Sink(name=name, settings=section(name, url)),))
    environ = {"HOOK": f"{url}/hook", "SECRET": SECRET}
    once = _told(name, [], [], state, settings, environ)  # with it come the sink's libraries
    empty = [_told(name, [], [], state, settings, environ) for _ in range(times)]
    taken = [_told(name, events, sessions, state, settings, environ) for _ in range(times)]
    cpu = statistics.median(taken) - statistics.median(empty)
    print(json.dumps({"once": once, "cpu": cpu, "events": len(events)}))


def _told(
    name: str,
    events: Sequence[Recorded],
    sessions: Sequence[SessionRow],
    state: Path,
    settings: Settings,
    environ: Mapping[str, str],
) -> float:
    """Seconds of CPU for a sink's life with these events, on a copy of the state."""
    with tempfile.TemporaryDirectory(prefix="bench") as place:
        copy = Path(place) / "state"
        copy.mkdir(mode=0o700)
        for path in state.glob("state.db*"):
            if path.is_file():
                shutil.copy(path, copy)
        (sink,) = settings.sinks
        setup = SinkSetup(name=name, section=sink.settings, settings=settings, state_dir=copy, environ=environ)
        began = time.process_time()
        made = load_sink(name)(setup)
        made.begin(0)
        for event in events:
            made.emit(event)
            made.trouble()
        for row in sessions:
            made.session_variables(number=row.id, job=row.job)
        made.close()
        return time.process_time() - began


if __name__ == "__main__":
    main()
