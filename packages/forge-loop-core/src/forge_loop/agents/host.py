"""The process one session lives in: `python -m forge_loop.agents.host PARENT`.

Owns: reading the order from stdin, frames on stdout, signals, the wall clock, the watch over its parent, and that no
descendant is left when it says `finished`. Must not: know jobs or the database, or outlive the loop: the parent-death
signal and the end of stdin both end the session.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from forge_loop.agents.claude import Stop, run_session
from forge_loop.agents.cli import require_supported
from forge_loop.agents.frames import Finished, Frame, Started, decode_order, encode
from forge_loop.agents.processes import adopt_orphans, descendants, die_with_parent, end_all, reap_adopted
from forge_loop.domain.session import SessionOrder, SessionOutcome
from forge_loop.errors import AgentError

LEAVE_SECONDS = 12.0  # 8 to answer the interrupt, the rest to leave the client; the loop kills after 13
END_SECONDS = 10.0

Send = Callable[[Frame], None]


def main() -> None:
    began = time.monotonic()
    pipe = _claim_stdout()
    adopt_orphans()
    die_with_parent(int(sys.argv[1]))
    order = decode_order(_read_line(0))

    def send(frame: Frame) -> None:
        pipe.write(encode(frame))
        pipe.flush()

    send(Started(session=order.id))
    asyncio.run(_live(order, began, send))


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


async def _live(order: SessionOrder, began: float, send: Send) -> None:
    send(await _guarded(order, began, send))
    # Nothing is left to clean up, and no library's exit handler may hold a host whose session is over.
    os._exit(0)


async def _guarded(order: SessionOrder, began: float, send: Send) -> Finished:
    stop = Stop()
    _watch(order, began, stop)
    session = asyncio.create_task(_session(order, stop, send))
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
    if session.done():
        return session.result()
    return Finished(outcome=SessionOutcome.STOPPED, detail=stop.reason)


async def _session(order: SessionOrder, stop: Stop, send: Send) -> Finished:
    try:
        cli = require_supported(os.environ)
        return await run_session(order, cli=cli, stop=stop, hear=send)
    except (AgentError, ImportError) as problem:
        return Finished(outcome=SessionOutcome.CONFIGURATION, detail=str(problem))


def _watch(order: SessionOrder, began: float, stop: Stop) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.ask, "the loop ended it")
    left = max(0.0, order.timeout - (time.monotonic() - began))
    loop.call_later(left, stop.ask, f"the time ran out ({order.timeout:g} s)")
    loop.add_reader(0, _watch_parent, loop, stop)


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
    if not os.read(0, 1024):
        loop.remove_reader(0)
        stop.ask("the loop is gone")


if __name__ == "__main__":
    main()
