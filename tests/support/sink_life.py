"""One life of a process with a sink in it, for tests that end it at any instant.

Owns: telling the sink of events and waiting. Must not: end by itself.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

from forge_loop.config.model import Settings, Sink
from forge_loop_integrations.sinks import sinks_of
from support.messages import Log


def live(state: str, url: str, secret: str, first: int, last: int) -> None:
    section = {"url": "env:HOOK", "secret": "env:SECRET", "allow_private": True}
    settings = Settings(sinks=(Sink(name="webhook", settings=section),))
    sink = sinks_of(settings, Path(state), {"HOOK": url, "SECRET": secret})["webhook"]
    sink.begin(0)
    log = Log(lambda: datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC))
    log.seq = first - 1
    for number in range(first, last + 1):
        sink.emit(log.handed_over(number))
    signal.pause()
