"""The relay: new events to `events.jsonl` and to the sinks, in `seq` order, at least once.

Owns: each reader's place, a failing sink's back-off. Must not: stop the loop for a sink, or know how lines are kept
(`event_file` does).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from forge_loop.domain.events import Recorded, SinkFailed, SinkRecovered
from forge_loop.ports import EventSink
from forge_loop.runner.context import Context
from forge_loop.runner.event_file import EventFile

SINK_BACK_OFF_SECONDS = 30.0


@dataclass(slots=True)
class Relay:
    context: Context
    _file: EventFile | None = None
    _told: dict[int, int] = field(default_factory=dict)
    _failing: dict[int, float] = field(default_factory=dict)

    def open(self) -> None:
        """Find the place in `events.jsonl`: a torn last line is cut off and written again from the database."""
        self._file = EventFile(self.context.layout.events, newest=self._newest())
        for index, _ in enumerate(self.context.sinks):
            self._told[index] = self._newest()

    def relay(self) -> None:
        """Write and tell everything that is new."""
        self._write_file()
        for index, sink in enumerate(self.context.sinks):
            self._tell(index, sink)

    def _write_file(self) -> None:
        assert self._file is not None
        while events := self.context.store.events.after(self._file.written):
            lines = "".join(event.line() + "\n" for event in events)
            self._file.append(lines, last=events[-1].seq)

    def _tell(self, index: int, sink: EventSink) -> None:
        due = self._failing.get(index)
        if due is not None and due > self.context.clock.monotonic():
            return
        try:
            while events := self.context.store.events.after(self._told[index]):
                self._tell_all(index, sink, events)
        except Exception as error:  # noqa: BLE001 - the sink fence: a sink that raises backs off, the loop goes on
            self._fail(index, sink, error)
            return
        if due is not None:
            del self._failing[index]
            with self.context.store.transaction():
                self.context.tell(SinkRecovered(sink=type(sink).__name__))

    def _tell_all(self, index: int, sink: EventSink, events: list[Recorded]) -> None:
        for event in events:
            sink.emit(event)
            self._told[index] = event.seq

    def _fail(self, index: int, sink: EventSink, error: Exception) -> None:
        if index not in self._failing:
            with self.context.store.transaction():
                self.context.tell(SinkFailed(sink=type(sink).__name__, reason=f"{type(error).__name__}: {error}"))
        self._failing[index] = self.context.clock.monotonic() + SINK_BACK_OFF_SECONDS

    def _newest(self) -> int:
        return self.context.store.events.newest()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
