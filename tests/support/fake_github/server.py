"""The sockets: one request in, one answer out, with what goes wrong in between.

Owns: HTTP on a loopback port and on a unix socket, the record of requests, carrying out faults. Must not: know what a
request means.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.fake_github.answering import Raw
from support.fake_github.faults import Fault, FaultKind

LONGEST = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One request: what was asked, whether it was conditional, and what was answered (0: nothing)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    status: int
    at: float

    @property
    def conditional(self) -> bool:
        return "if-none-match" in self.headers

    @property
    def git(self) -> bool:
        return ".git/" in self.path


Answerer = Callable[[str, str, Mapping[str, str], bytes, str], Raw]
FaultSource = Callable[[str, str], Fault | None]


@dataclass(kw_only=True)
class Wire:
    """What both servers share. `given_up` ends those that keep a caller waiting."""

    answer: Answerer
    fault: FaultSource
    note: Callable[[Seen], None]
    date: Callable[[], str]
    monotonic: Callable[[], float]
    given_up: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, *_: object) -> None: ...

    def address_string(self) -> str:
        return "local"

    def _serve(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.wire.fault(self.command, self.path)
        raw = self._faulty(fault, headers, body) if fault is not None else self._answer(headers, body)
        self._note(headers, body, raw)
        if raw is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(raw, cut=fault is not None and fault.kind is FaultKind.TRUNCATED)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the server's own names

    def _answer(self, headers: Mapping[str, str], body: bytes) -> Raw:
        host = headers.get("host", "127.0.0.1")
        root = f"http://{host}/api/v3" if self.path.startswith("/api/") else f"http://{host}"
        return self.wire.answer(self.command, self.path, headers, body, root)

    def _faulty(self, fault: Fault, headers: Mapping[str, str], body: bytes) -> Raw | None:
        given = {"Content-Type": "application/json", **fault.headers}
        text = json.dumps(fault.body if fault.body is not None else {"message": "fault"}).encode()
        match fault.kind:
            case FaultKind.STATUS:
                return Raw(status=fault.status, headers=given, body=text)
            case FaultKind.DONE_THEN_STATUS:
                self._answer(headers, body)
                return Raw(status=fault.status, headers={"Content-Type": "text/html"}, body=b"<html>Unicorn!</html>")
            case FaultKind.LOST_REPLY:
                self._answer(headers, body)
                return None
            case FaultKind.CUT:
                return None
            case FaultKind.SLOW:
                self.wire.given_up.wait(LONGEST)
                return None
            case FaultKind.HTML:
                page = b"<!DOCTYPE html><html><body>Sign in to the hotel's network</body></html>"
                return Raw(status=200, headers={"Content-Type": "text/html"}, body=page)
            case FaultKind.TRUNCATED:
                return self._answer(headers, body)
            case FaultKind.EMPTY:
                done = self._answer(headers, body)
                return Raw(status=200, headers=done.headers, body=b"")

    def _send(self, raw: Raw, *, cut: bool = False) -> None:
        body = raw.body[: len(raw.body) // 2] if cut else raw.body
        self.send_response_only(raw.status)
        self.send_header("Date", self.wire.date())
        for name, value in raw.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if raw.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self, headers: Mapping[str, str], body: bytes, raw: Raw | None) -> None:
        try:
            said = json.loads(body) if body and ".git/" not in self.path else None
        except ValueError:
            said = None
        status = raw.status if raw is not None else 0
        seen = Seen(
            method=self.command, path=self.path, headers=headers, body=said, status=status, at=self.wire.monotonic()
        )
        self.wire.note(seen)

    def _body(self) -> bytes:
        """A large push comes in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


class _Port(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class _Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


class Server:
    """Serves `wire` until it is closed."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        handler = type("BoundHandler", (Handler,), {"wire": wire})
        self._handler = handler
        port = _Port(("127.0.0.1", 0), handler)
        self.port = port.server_port
        self._servers: list[socketserver.BaseServer] = [port]
        self._threads = [self._start(port)]

    def listen(self, path: Path) -> None:
        """Also on a unix socket."""
        server = _Socket(str(path), self._handler)
        self._servers.append(server)
        self._threads.append(self._start(server))

    def _start(self, server: socketserver.BaseServer) -> threading.Thread:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        self._wire.given_up.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(timeout=10)


def http_date(moment: Any) -> str:
    return format_datetime(moment, usegmt=True)
