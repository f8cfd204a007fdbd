"""Watching over one host: its frames, its deadlines, and that nothing of it is left.

Owns: one thread per session, from the spawned host to the last process that carries the session's marker. Must not:
spawn the host (the parent-death signal is tied to the thread that does), or decide when to end a session.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from forge_loop.agents.environment import SESSION_MARKER
from forge_loop.agents.frames import Finished, Frame, Heard, Limited, Started, decode, encode_order
from forge_loop.agents.ladder import END_SECONDS, KILL_SECONDS
from forge_loop.agents.pipes import Pipes
from forge_loop.agents.processes import Process, descendants, end_all, find, marked
from forge_loop.agents.sandbox import ConfinedSession
from forge_loop.domain.session import Activity, LimitSeen, SessionEnded, SessionNews, SessionOrder, SessionOutcome
from forge_loop.ports import Clock

EXIT_SECONDS = 5.0  # from `finished` to the host's own end
LATE_SECONDS = 20.0  # how long past its wall clock a host may be late with ending itself


class Supervisor:
    """`tell` is called on the supervisor's thread, the SessionEnded last, once no process of the session is left."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        order: SessionOrder,
        *,
        clock: Clock,
        tell: Callable[[SessionNews], None],
        confined: ConfinedSession | None = None,
    ) -> None:
        self._process = process
        self._order = order
        self._clock = clock
        self._tell = tell
        self._confined = confined
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._reason = ""
        self._late = False
        self._over = False
        self._kill_at: float | None = None
        self._finished: Finished | None = None
        self._tally = Heard(kind="")
        self._tools = 0
        self._seen_below: list[Process] = []
        self._pipes = Pipes(process, encode_order(order, confined), take=self._line)
        self._thread = threading.Thread(target=self._run, name=f"session {order.id}", daemon=True)
        self._thread.start()

    def end(self, reason: str) -> None:
        """Begin to end the session; the first reason stays. Never blocks."""
        with self._lock:
            if self._over or self._reason:
                return
            self._reason = reason
            self._kill_by(KILL_SECONDS)
            self._process.send_signal(signal.SIGTERM)
            os.eventfd_write(self._wake, 1)

    def join(self, within: float) -> None:
        self._thread.join(max(0.0, within))

    def _run(self) -> None:
        late_at = time.monotonic() + self._order.timeout + LATE_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ, self._woken)
            self._pipes.register(selector)
            while self._process.poll() is None:
                self._wait(selector, late_at if self._kill_at is None else self._kill_at)
                self._enforce(late_at)
        self._clear()
        with self._lock:
            self._over = True
            os.close(self._wake)
        # A result that came during the kill is in the pipe, and counts.
        self._pipes.drain()
        self._tell(self._ended())

    def _wait(self, selector: selectors.BaseSelector, until: float) -> None:
        for key, _ in selector.select(max(0.0, until - time.monotonic())):
            if key.data is not None and not key.data():
                selector.unregister(key.fileobj)

    def _enforce(self, late_at: float) -> None:
        now = time.monotonic()
        if self._kill_at is None and now >= late_at:
            self._late = True
            self.end(f"the time ran out ({self._order.timeout:g} s)")
        elif self._kill_at is not None and now >= self._kill_at:
            # What is below the host now is found by parentage; once the host is gone only the marker is left.
            self._seen_below = descendants(self._process.pid)
            self._process.kill()
            self._process.wait()

    def _kill_by(self, seconds: float) -> None:
        wanted = time.monotonic() + seconds
        self._kill_at = wanted if self._kill_at is None else min(wanted, self._kill_at)

    def _woken(self) -> bool:
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        return True

    def _line(self, line: bytes) -> None:
        frame = decode(line)
        if frame is not None:
            self._took(frame)

    def _took(self, frame: Frame) -> None:
        now = self._clock.now()
        if isinstance(frame, Finished):
            self._finished = frame
            self._kill_by(EXIT_SECONDS)
        elif isinstance(frame, Limited):
            self._tell(
                LimitSeen(
                    session=self._order.id,
                    status=frame.status,
                    kind=frame.kind,
                    resets_at=_moment(frame.resets_at),
                    utilization=frame.utilization,
                )
            )
        elif isinstance(frame, Started):
            self._tell(Activity(session=self._order.id, at=now, kind="system", detail="started"))
        else:
            self._count(frame)
            self._tell(
                Activity(
                    session=self._order.id,
                    at=now,
                    kind=frame.kind,
                    tool=frame.tool,
                    detail=frame.detail,
                    tokens_in=frame.tokens_in,
                    tokens_out=frame.tokens_out,
                    under_way=frame.under_way,
                )
            )

    def _count(self, frame: Heard) -> None:
        self._tools += frame.kind == "tool"
        self._tally = Heard(
            kind="",
            tokens_in=self._tally.tokens_in + frame.tokens_in,
            tokens_out=self._tally.tokens_out + frame.tokens_out,
        )

    def _clear(self) -> None:
        marker = f"{SESSION_MARKER}={self._order.id}"
        end_all(lambda: [*marked(marker), *_still(self._seen_below)], within=END_SECONDS)
        if self._confined is not None:
            self._confined.remove()

    def _ended(self) -> SessionEnded:
        finished = self._finished or self._without_result()
        stopped = finished.outcome is SessionOutcome.STOPPED and self._reason
        return SessionEnded(
            session=self._order.id,
            outcome=finished.outcome,
            at=self._clock.now(),
            report=finished.report,
            detail=self._reason if stopped else finished.detail,
            resets_at=_moment(finished.resets_at),
            turns=finished.turns,
            tool_calls=self._tools,
            tokens_in=finished.tokens_in,
            tokens_out=finished.tokens_out,
            denials=finished.denials,
        )

    def _without_result(self) -> Finished:
        last = self._pipes.last_words() or f"its host ended with status {self._process.returncode}"
        ended = SessionOutcome.TIMED_OUT if self._late else SessionOutcome.STOPPED
        return Finished(
            outcome=ended if self._reason else SessionOutcome.LOST,
            detail=self._reason or last,
            tokens_in=self._tally.tokens_in,
            tokens_out=self._tally.tokens_out,
        )


def _still(processes: list[Process]) -> list[Process]:
    """Those of `processes` that live, and what is below them."""
    alive = [process for process in processes if _same(find(process.pid), process)]
    return [*alive, *(below for process in alive for below in descendants(process.pid))]


def _same(now: Process | None, then: Process) -> bool:
    return now is not None and now.started == then.started


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
