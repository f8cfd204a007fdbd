"""One HTTP request to a receiver: to the resolved address, no redirect followed, no proxy, bounded in time and size.

Owns: how a request goes out and what of the answer is kept. Must not: know a receiver, or let a URL into an error.

It speaks through http.client: a library that follows, pools and retries costs more than all the rest of a message, and
has no limit for the whole of an exchange.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from forge_loop import __version__
from forge_loop_integrations.address import Target, target_of

TIMEOUT = 15.0
CONNECT_TIMEOUT = 5.0
LARGEST_ANSWER = 64 * 1024
ALWAYS = {
    "user-agent": f"forge-loop/{__version__}",
    "accept": "*/*",
    "accept-encoding": "identity",
    "connection": "close",
}


class NoAnswer(Exception):
    """Nothing came back, or too little or too late. Whether the receiver has taken it is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP answer; `body` is its beginning."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds of Retry-After, given as seconds or as a date."""
        return retry_after(self.headers.get("retry-after", ""), datetime.now(UTC))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, empty if it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Poster:
    """Sends to one receiver, over a connection of its own for each message: they are minutes apart. `private` allows
    addresses that are not public."""

    def __init__(self, *, private: bool, timeout: float = TIMEOUT) -> None:
        self._private = private
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises NoAnswer, and RefusedAddress for a URL to which nothing is sent."""
        try:
            target = target_of(url, private=self._private)
        except OSError as error:
            raise NoAnswer(f"its name cannot be resolved: {error.strerror or 'unknown'}") from None
        deadline = time.monotonic() + self._timeout
        with self._connected(target) as plain:
            try:
                with self._secured(plain, target, deadline) as connected:
                    return _exchange(_Bounded(connected, deadline), method, target, body, headers)
            # Only the kind of fault: an error's own text can hold the URL.
            except ssl.SSLCertVerificationError:
                raise NoAnswer("its certificate is not one for its name that this machine trusts") from None
            except TimeoutError:
                raise NoAnswer("it does not answer in time") from None
            except http.client.HTTPException:
                raise NoAnswer("its answer is cut off or is no HTTP") from None
            except OSError:
                raise NoAnswer("the connection broke") from None

    def _connected(self, target: Target) -> socket.socket:
        """A connection to the first of the addresses that can be reached."""
        timeout, late = min(CONNECT_TIMEOUT, self._timeout), False
        for address in target.addresses:
            try:
                return _dialled(address, target.port, timeout)
            except OSError as error:
                late = isinstance(error, TimeoutError)
        raise NoAnswer("it cannot be reached in time" if late else "it cannot be reached")

    def _secured(self, plain: socket.socket, target: Target, deadline: float) -> socket.socket:
        """What is spoken over: with https, TLS with the host's own name, whatever address it is at."""
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        if target.scheme == "http":
            return plain
        if self._tls is None:
            import httpx2  # finds the certificates that this machine trusts where Python by itself may not

            self._tls = httpx2.create_ssl_context()
        return self._tls.wrap_socket(plain, server_hostname=target.host)


def _dialled(address: str, port: int, timeout: float) -> socket.socket:
    """A connection to an address, which is no name: nothing is resolved once more."""
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(timeout)
    try:
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


class _Bounded:
    """A connection that is over at a deadline, however slowly bytes drip in. What http.client asks of a socket."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._connected = connected
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self.hurried().sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client reads, and nothing else
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Whoever opened the connection closes it."""

    def hurried(self) -> socket.socket:
        """The socket, with the time that is left. Raises TimeoutError."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connected.settimeout(left)
        return self._connected


class _Incoming(io.RawIOBase):
    def __init__(self, bounded: _Bounded) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.hurried().recv_into(buffer)


def _exchange(over: _Bounded, method: str, target: Target, body: bytes, headers: Mapping[str, str]) -> Reply:
    speaker = http.client.HTTPConnection(target.host)
    speaker.sock = over
    speaker.request(method, target.path, body, {**ALWAYS, **headers, "host": target.host_header})
    with speaker.getresponse() as response:
        kept = response.read(LARGEST_ANSWER)
        if response.length and len(kept) < LARGEST_ANSWER:
            raise http.client.IncompleteRead(kept)
        named = {name.lower(): value for name, value in response.getheaders()}
        return Reply(status=response.status, headers=named, body=kept)


def retry_after(value: str, now: datetime) -> float | None:
    """The seconds that a Retry-After asks for, None if it says nothing that can be read."""
    value = value.strip()
    try:
        return max(0.0, float(value)) if value[:1].isdigit() else _until(value, now)
    except (ValueError, TypeError):
        return None


def _until(value: str, now: datetime) -> float | None:
    if not value:
        return None
    at = parsedate_to_datetime(value)
    return max(0.0, ((at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now).total_seconds())
