"""Sinks over the events of a loop that ran: what they take of the CPU of the process that they are in.

Owns: the process (`python -m benchmarks.sinks.feed NAMES STATE TIMES IDLE SERVICES`), the sinks' sections, the pace of
the events: a message is on its way before the next issue ends, as in a loop, where minutes lie between. Must not: run a
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forge_loop.config.model import Settings, Sink
from forge_loop.domain.job import SessionRow
from forge_loop.domain.recorded import Recorded
from forge_loop.plugins import SinkSetup, load_sink
from forge_loop.ports import EventSink
from forge_loop.status import open_store_read_only
from support.slack_service import APP, BOT, CHANNEL

SECRET = "whsec_Zm9yZ2UtbG9vcC1iZW5jaC1zZWNyZXQtMDAwMQ=="
# The routes are those of everybody who writes none, with a shorter wait for what else happens to the same issue.
ROUTES = [{"class": "outcome", "send": "grouped", "within": 0.1}]
AFTER_A_JOB = 0.3
TICK = 30.0
BOT_SECTION = {"token": "env:BOT", "channel": CHANNEL, "routes": ROUTES}
BUTTONS = {"app_token": "env:APP", "users": ["U012ABCDEF"]}
SECTIONS: Mapping[str, Callable[[Mapping[str, str]], Mapping[str, Any]]] = {
    "otel": lambda services: {"endpoint": services["url"]},
    "webhook": lambda _: {"url": "env:HOOK", "secret": "env:SECRET", "allow_private": True, "routes": ROUTES},
    "discord": lambda _: {"url": "env:DISCORD", "routes": ROUTES},
    "slack": lambda services: {**BOT_SECTION, "api_url": services["slack"]},
    "slack with buttons": lambda services: {**BOT_SECTION, "api_url": services["slack"], "buttons": BUTTONS},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """A loop that ran, and what its sinks are configured with."""

    state: Path
    events: Sequence[Recorded]
    sessions: Sequence[SessionRow]
    settings: Settings
    environ: Mapping[str, str]


def main() -> None:
    names, state, times, idle = sys.argv[1].split(","), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    past = _past(names, state, json.loads(sys.argv[5]))
    if idle:
        print(json.dumps({"idle": _at_rest(past, idle)}))
        return
    once = _life(past)[0]  # with it come the sinks' libraries
    lives = [_life(past)[1] for _ in range(times)]
    print(json.dumps({"once": once, "cpu": statistics.median(lives), "events": len(past.events)}))


def _past(names: Sequence[str], state: Path, services: Mapping[str, str]) -> Past:
    with open_store_read_only(state) as opened:
        assert opened is not None, state
        events = opened[0].events.after(0, limit=1_000_000)
        sessions = opened[0].sessions.select()
    if "slack with buttons" in names:
        names = [name for name in names if name != "slack"]
    sinks = tuple(Sink(name=name.partition(" ")[0], settings=SECTIONS[name](services)) for name in names)
    environ = {
        "HOOK": f"{services['url']}/hook",
        "SECRET": SECRET,
        "DISCORD": services["discord"],
        "BOT": BOT,
        "APP": APP,
    }
    return Past(state=state, events=events, sessions=sessions, settings=Settings(sinks=sinks), environ=environ)


def _life(past: Past) -> tuple[float, float]:
    """Seconds of CPU for what a life of the sinks takes once, and for the events in the midst of it: they are told
    twice, under other numbers, and the second time counts."""
    with _sinks(past) as (begin, sinks):
        began = time.process_time()
        begin()
        once = time.process_time() - began
        began = time.process_time()
        _tell(past, sinks, past.events)
        more, began = time.process_time() - began, time.process_time()
        _tell(past, sinks, [_again(event, len(past.events)) for event in past.events])
        cpu, began = time.process_time() - began, time.process_time()
        for sink in sinks:
            sink.close()
        return once + max(0.0, more - cpu) + time.process_time() - began, cpu


def _tell(past: Past, sinks: Sequence[EventSink], events: Sequence[Recorded]) -> None:
    for event in events:
        for sink in sinks:
            sink.emit(event)
        if event.kind == "tick.finished":  # which is when the loop asks
            for sink in sinks:
                sink.trouble()
        if event.kind == "job.merged":
            time.sleep(AFTER_A_JOB)
    for row in past.sessions:
        for sink in sinks:
            sink.session_variables(number=row.id, job=row.job)


def _again(event: Recorded, later: int) -> Recorded:
    """The same of another issue, so that its messages are new ones; the rows it tells of stay the same."""
    return replace(event, seq=event.seq + later, issue=event.issue + 1000 if event.issue is not None else None)


def _at_rest(past: Past, seconds: float) -> float:
    """Seconds of CPU a minute where nothing happens but a tick now and then, of which one a minute is told."""
    tick = next(event for event in past.events if event.kind == "tick.finished")
    with _sinks(past) as (begin, sinks):
        begin()
        time.sleep(5)
        began, ticks = time.process_time(), max(1, round(seconds / TICK))
        for number in range(ticks):
            for sink in sinks:
                if number % 2:
                    sink.emit(tick)
                sink.trouble()
            time.sleep(seconds / ticks)
        taken = time.process_time() - began
        for sink in sinks:
            sink.close()
        return taken * 60 / seconds


@contextmanager
def _sinks(past: Past) -> Iterator[tuple[Callable[[], None], list[EventSink]]]:
    """What makes the sinks and lets them begin, on a copy of the state; and where they are then."""
    made: list[EventSink] = []
    with tempfile.TemporaryDirectory(prefix="bench") as place:
        copy = Path(place) / "state"
        copy.mkdir(mode=0o700)
        for path in past.state.glob("state.db*"):
            if path.is_file():
                shutil.copy(path, copy)

        def begin() -> None:
            for sink in past.settings.sinks:
                setup = SinkSetup(
                    name=sink.name,
                    section=sink.settings,
                    settings=past.settings,
                    state_dir=copy,
                    environ=past.environ,
                )
                made.append(load_sink(sink.name)(setup))
                made[-1].begin(0)

        yield begin, made


if __name__ == "__main__":
    main()
