"""Listening: where, under which names, and ending in time.

Owns: the socket, the rule for addresses that others can reach, the server. Must not: know what is served.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from forge_loop import OperatorError
from forge_loop_dashboard.access.rules import Policy
from forge_loop_dashboard.pulse import Pulse

LOCAL = ("localhost", "127.0.0.1", "::1")
GRACE_SECONDS = 2


def resolve(host: str) -> str:
    """The address that a host is. Raises OperatorError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OperatorError(
            f"--host {host!r} is no address of this machine: {error.strerror}", hint="without --host it is 127.0.0.1"
        ) from None
    return str(found[0][4][0])


def is_local(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def policy_of(host: str, address: str, *, allow_remote: bool) -> Policy:
    """The names under which it answers. Raises OperatorError for an address others can reach, unless they may."""
    if is_local(address):
        return Policy(names=frozenset({*LOCAL, host.lower(), address}))
    if not allow_remote:
        raise OperatorError(
            f"{address} can be reached from other machines",
            hint="--allow-remote, with TLS or an ssh tunnel in front: what is sent is not encrypted",
        )
    return Policy(names=frozenset({*LOCAL, host.lower(), socket.gethostname().lower()}), any_address=True)


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens. Raises OperatorError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((address, port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise OperatorError(
            f"{address}:{port} cannot be listened on: {error.strerror}", hint="another one: --port N, or 0 for any"
        ) from None
    return found


class Server(uvicorn.Server):
    """Ends its streams when it is told to end: they would keep it waiting."""

    def __init__(self, app: ASGIApp, pulses: Sequence[Pulse]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                access_log=False,
                log_level="warning",
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=32 * 1024,
            )
        )
        self._pulses = pulses

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        for pulse in self._pulses:
            pulse.closing = True
        super().handle_exit(sig, frame)
