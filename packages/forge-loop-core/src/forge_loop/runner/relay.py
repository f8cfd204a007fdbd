"""The relay: new events to `events.jsonl` and to the sinks, in `seq` order, at least once.

Owns: each reader's place while the loop runs, a failing sink's back-off. Must not: stop the loop for a sink, or know
how lines are kept (`event_file` does). Across a restart a sink keeps its own place, or has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from forge_loop.domain.events import SinkFailed, SinkRecovered
from forge_loop.domain.job import SessionRow
from forge_loop.errors import OperatorError
from forge_loop.ports import EventSink
from forge_loop.runner.context import Context
from forge_loop.runner.event_file import EventFile

SINK_BACK_OFF_SECONDS = 30.0


def session_variables(context: Context, row: SessionRow) -> dict[str, str]:
    """What the sinks tell a session that begins in its environment. A sink that raises tells it nothing."""
    told: dict[str, str] = {}
    for sink in context.sinks:
        try:
            told.update(sink.session_variables(number=row.id, job=row.job))
        except Exception as error:  # noqa: BLE001 - the sink fence: a session begins whatever a sink does
            context.on_fault(f"sink {sink.name}", error)
    return told


@dataclass(slots=True)
class Listener:
    """One sink. `told` is the last event it took, None until it has begun; `trouble` is what was last told of it."""

    sink: EventSink
    told: int | None = None
    not_before: float = 0.0
    trouble: str | None = None


@dataclass(slots=True)
class Relay:
    context: Context
    _file: EventFile | None = None
    _listeners: list[Listener] = field(default_factory=list)
    _opened_at: int = 0
    _file_troubled: bool = False

    def open(self) -> None:
        """Find the place in `events.jsonl`: a torn last line is cut off and written again from the database. The sinks
        begin here too, when they are first told."""
        self._opened_at = self.context.store.events.newest()
        try:
            self._file = self._opened()
        except OSError as error:
            path = str(self.context.layout.events)
            raise OperatorError(f"{path!r} cannot be written: {error.strerror}", hint="forge-loop doctor") from error
        self._listeners = [Listener(sink) for sink in self.context.sinks]

    def relay(self) -> None:
        """Write and tell everything that is new."""
        self._write_file()
        for listener in self._listeners:
            self._tell(listener)

    def _opened(self) -> EventFile:
        return EventFile(self.context.layout.events, newest=self.context.store.events.newest())

    def _write_file(self) -> None:
        """A file that takes nothing is told of once, and completed when it does; the sinks hear all the same."""
        try:
            self._write_what_is_new()
        except OSError as error:
            if not self._file_troubled:
                self.context.on_fault(self.context.layout.events.name, error)
            self._file_troubled = True
        else:
            self._file_troubled = False

    def _write_what_is_new(self) -> None:
        if self._file is None or (self._is_behind(self._file) and not self._file.is_in_place()):
            self._close_file()
            self._file = self._opened()
        while events := self.context.store.events.after(self._file.written):
            lines = "".join(event.line() + "\n" for event in events)
            self._file.append(lines, last=events[-1].seq)

    def _is_behind(self, file: EventFile) -> bool:
        return file.written < self.context.store.events.newest()

    def _tell(self, listener: Listener) -> None:
        if listener.not_before > self.context.clock.monotonic():
            return
        try:
            self._tell_all(listener)
            trouble = listener.sink.trouble()
        except Exception as error:  # noqa: BLE001 - the sink fence: a sink that raises backs off, the loop goes on
            listener.not_before = self.context.clock.monotonic() + SINK_BACK_OFF_SECONDS
            trouble = f"{type(error).__name__}: {error}"
        self._tell_of(listener, trouble)

    def _tell_all(self, listener: Listener) -> None:
        if listener.told is None:
            # A place beyond the newest event is of another history: an older backup was put in the database's place.
            listener.told = min(listener.sink.begin(self._opened_at), self._opened_at)
        while events := self.context.store.events.after(listener.told):
            for event in events:
                listener.sink.emit(event)
                listener.told = event.seq

    def _tell_of(self, listener: Listener, trouble: str | None) -> None:
        before, listener.trouble = listener.trouble, trouble
        if (before is None) == (trouble is None):
            return
        name = listener.sink.name
        with self.context.store.transaction():
            self.context.tell(SinkRecovered(sink=name) if trouble is None else SinkFailed(sink=name, reason=trouble))

    def close(self) -> None:
        """End the sinks, each behind its own fence, and the file."""
        while self._listeners:
            sink = self._listeners.pop().sink
            try:
                sink.close()
            except Exception as error:  # noqa: BLE001 - the sink fence, once more: the others are closed all the same
                self.context.on_fault(f"sink {sink.name}", error)
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
