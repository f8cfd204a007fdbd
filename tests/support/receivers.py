"""Receivers of messages on loopback: real HTTP, scripted answers, every request kept.

Owns: the server. Must not: know a service's protocol; what speaks one stands beside its tests.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered. `fault` breaks it: `drop` ends the connection before a word, `cut` in the body, `hang` says
    nothing until the receiver closes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def as_json(shape: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(shape).encode(), headers={"content-type": "application/json", **named})


class Receiver:
    """Answers with `answer(request)`. `requests` holds every one, in the order of arrival."""

    def __init__(self, answer: Callable[[Request], Reply], *, port: int = 0) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def _any(self) -> None:
                receiver._handle(self)

            do_GET = do_POST = do_PATCH = do_PUT = _any  # noqa: N815 - the server's own names

            def log_message(self, format: str, *args: Any) -> None:
                """Tests look at `requests`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, number: int) -> list[Request]:
        """The requests, when so many have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= number, PATIENCE), len(self.requests)
            return list(self.requests)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(length)
        if len(body) < length:  # its sender died while it spoke
            handler.close_connection = True
            return
        request = Request(method=handler.command, path=handler.path, headers=headers, body=body)
        with self._arrived:
            reply = self.answer(request)
            self.requests.append(request)
            self._arrived.notify_all()
        self._reply(handler, reply)

    def _reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.fault == "hang":
            self._closing.wait(PATIENCE)
        if reply.fault in ("hang", "drop"):
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply.body) + (100 if reply.fault == "cut" else 0)))
        handler.end_headers()
        handler.wfile.write(reply.body)
        if reply.fault == "cut":
            handler.close_connection = True


@contextmanager
def receiving(answer: Callable[[Request], Reply], *, port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(answer, port=port)
    try:
        yield receiver
    finally:
        receiver.close()


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    """One reply after the other; the last one from then on."""
    waiting = list(replies)
    return lambda _request: waiting.pop(0) if len(waiting) > 1 else waiting[0]
