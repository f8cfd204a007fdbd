"""The process one session lives in: `python -m forge_loop.agents.host PARENT`.

Owns: reading the order from stdin, frames on stdout, signals, the wall clock, the watch over its parent, the proxy of a
confined session, and that no descendant is left when it says `finished`. Must not: know jobs or the database, or
outlive the loop: the parent-death signal and the end of stdin both end the session.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from forge_loop.agents.claude import Stop, run_session
from forge_loop.agents.cli import require_supported
from forge_loop.agents.frames import Finished, Frame, Started, decode_order, encode
from forge_loop.agents.ladder import END_SECONDS, LEAVE_SECONDS
from forge_loop.agents.processes import adopt_orphans, descendants, die_with_parent, end_all, reap_adopted
from forge_loop.agents.sandbox import ConfinedSession
from forge_loop.agents.sandbox.proxy import serving
from forge_loop.domain.session import SessionOrder, SessionOutcome
from forge_loop.errors import AgentError

GONE_SECONDS = 3.0  # what a confined session has left once the loop is gone

Send = Callable[[Frame], None]


def main() -> None:
    began = time.monotonic()
    pipe = _claim_stdout()
    adopt_orphans()
    die_with_parent(int(sys.argv[1]))
    order, confined = decode_order(_read_line(0))

    def send(frame: Frame) -> None:
        pipe.write(encode(frame))
        pipe.flush()

    send(Started(session=order.id))
    asyncio.run(_live(order, confined, began, send))


def _claim_stdout() -> BinaryIO:
    """Keep the pipe for frames alone: whatever else prints goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _read_line(descriptor: int) -> bytes:
    """One line, unbuffered: nothing of stdin may be swallowed, its end is the loop's end."""
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
        if part.endswith(b"\n"):
            break
    return b"".join(parts)


async def _live(order: SessionOrder, confined: ConfinedSession | None, began: float, send: Send) -> None:
    send(await _guarded(order, confined, began, send))
    # Nothing is left to clean up, and no library's exit handler may hold a host whose session is over.
    os._exit(0)


async def _guarded(order: SessionOrder, confined: ConfinedSession | None, began: float, send: Send) -> Finished:
    stop = Stop()
    _watch(order, began, stop, last_seconds=None if confined is None else GONE_SECONDS)
    session = asyncio.create_task(_session(order, confined, stop, send))
    stopping = asyncio.create_task(stop.asked.wait())
    await asyncio.wait({session, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        await asyncio.wait({session}, timeout=LEAVE_SECONDS)
    stopping.cancel()
    end_all(lambda: descendants(os.getpid()), within=END_SECONDS)
    if not session.done():
        # Its processes are gone, so nothing can hold the client any longer.
        await asyncio.wait({session}, timeout=1.0)
    reap_adopted()
    finished = session.result() if session.done() else Finished(outcome=SessionOutcome.STOPPED, detail=stop.reason)
    return replace(finished, outcome=stop.outcome) if finished.outcome is SessionOutcome.STOPPED else finished


async def _session(order: SessionOrder, confined: ConfinedSession | None, stop: Stop, send: Send) -> Finished:
    try:
        if confined is None:
            return await run_session(order, cli=require_supported(os.environ), stop=stop, hear=send)
        async with serving(confined.socket, confined.upstream):
            return await run_session(order, cli=confined.cli, stop=stop, hear=send)
    except (AgentError, ImportError, OSError) as problem:
        return Finished(outcome=SessionOutcome.CONFIGURATION, detail=str(problem))


def _watch(order: SessionOrder, began: float, stop: Stop, *, last_seconds: float | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.ask, "the loop ended it")
    left = max(0.0, order.timeout - (time.monotonic() - began))
    loop.call_later(left, stop.ask, f"the time ran out ({order.timeout:g} s)", SessionOutcome.TIMED_OUT)
    loop.add_reader(0, _watch_parent, loop, stop, last_seconds)


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: Stop, last_seconds: float | None) -> None:
    if not os.read(0, 1024):
        loop.remove_reader(0)
        stop.ask("the loop is gone")
        if last_seconds is not None:
            # The kernel ends this process even if it is stuck, and with it everything in the sandbox.
            signal.setitimer(signal.ITIMER_REAL, last_seconds)


if __name__ == "__main__":
    main()
