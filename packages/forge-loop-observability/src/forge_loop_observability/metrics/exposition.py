"""The ways out for metrics: text, a file for node_exporter, HTTP.

Owns: the encoding that the asker wants, the atomic file, the small server. Must not: listen anywhere but on loopback
unless asked to.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, generate_latest

from forge_loop_observability.metrics.collector import StateCollector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/metrics"
TEXT = "text/plain; charset=utf-8"


def registry_of(state_dir: Path) -> CollectorRegistry:
    """A registry that holds the metrics of one state directory and nothing of this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StateCollector(state_dir))
    return registry


def text(registry: CollectorRegistry) -> str:
    """The metrics in Prometheus' text format."""
    encoder, _ = choose_encoder("")
    return encoder(registry).decode()


def write(registry: CollectorRegistry, path: Path) -> None:
    """Replace the file at `path` in one step. Raises OSError."""
    content = generate_latest(registry)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        made.chmod(0o644)  # another user's node_exporter reads it
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


class Server(ThreadingMixIn, WSGIServer):
    """A scrape each in a thread of its own."""

    daemon_threads = True
    request_queue_size = (
        128  # with the five of the library, of fifty scrapes at once most are told to try a second later
    )

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that says nothing, or leaves before its answer, is not worth a traceback."""

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}{PATH}"


class _Quiet(WSGIRequestHandler):
    timeout = 10.0

    def log_message(self, format: str, *args: object) -> None:
        """A scrape every few seconds is not worth a line."""


def serve(registry: CollectorRegistry, host: str, port: int) -> Server:
    """A server that is bound and answers once `serve_forever` runs. Raises OSError."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Type", TEXT)])
            return [b"only GET\n"]
        if environ.get("PATH_INFO") != PATH:
            start_response("404 Not Found", [("Content-Type", TEXT)])
            return [f"the metrics are at {PATH}\n".encode()]
        encoder, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        body = encoder(registry)
        start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body] if environ["REQUEST_METHOD"] == "GET" else []

    return make_server(host, port, app, server_class=Server, handler_class=_Quiet)
