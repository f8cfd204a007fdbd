"""The sandbox's proxy in a thread, and a server behind it that says byte by byte what a test wants.

Owns: both ends of that connection, every wait bounded. Must not: parse more of HTTP than where a head ends.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forge_loop.agents.sandbox.proxy import serving
from forge_loop.agents.sandbox.upstream import Upstream

SECONDS = 10.0
Behaviour = Callable[["Caller"], None]


class Caller:
    """One connection that reached the server, and what was read of it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.got = b""

    def read(self, size: int = 1 << 16) -> bytes:
        part = self.connection.recv(size)
        self.got += part
        return part

    def request(self) -> bytes:
        """Read one whole request by its content-length."""
        while b"\r\n\r\n" not in self.got and self.read():
            pass
        head, _, body = self.got.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length and (part := self.read()):
            body += part
        return self.got

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)


class Server:
    """Listens on loopback; `behaviour` is what it does with each connection, one after the other."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.callers: list[Caller] = []
        self.failures: list[Exception] = []
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(SECONDS)
            try:
                wrapped = connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)
                with wrapped:
                    caller = Caller(wrapped)
                    self.callers.append(caller)
                    self._behaviour(caller)
            except OSError as problem:
                self.failures.append(problem)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(SECONDS)


@contextmanager
def server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    made = Server(behaviour, tls)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def proxied(path: Path, upstream: Upstream) -> Iterator[Path]:
    """The proxy, serving at `path` within the block."""
    ready, over = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        async with serving(path, upstream):
            ready.set()
            await stop.wait()

    def run() -> None:
        with loop_of(loop):
            loop.run_until_complete(live())
            for task in asyncio.all_tasks(loop):
                task.cancel()
                loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        over.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(SECONDS)
    try:
        yield path
    finally:
        loop.call_soon_threadsafe(stop.set)
        assert over.wait(SECONDS)
        thread.join(SECONDS)


@contextmanager
def loop_of(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def client(path: Path) -> Iterator[socket.socket]:
    """A connection to the proxy, as a process inside the sandbox makes one."""
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(SECONDS)
        made.connect(str(path))
        yield made


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)
