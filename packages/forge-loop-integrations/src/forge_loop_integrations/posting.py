"""One HTTP request to a receiver: to the resolved address, no redirect followed, no proxy, bounded in time and size.

Owns: how a request goes out and what of the answer is kept. Must not: know a receiver, or let a URL into an error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from forge_loop import __version__
from forge_loop_integrations.address import Target, target_of

TIMEOUT = 15.0
CONNECT_TIMEOUT = 5.0
LARGEST_ANSWER = 64 * 1024
USER_AGENT = f"forge-loop/{__version__}"


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
    """Sends to one receiver over one client. `private` allows addresses that are not public."""

    def __init__(self, *, private: bool, timeout: float = TIMEOUT) -> None:
        self._private = private
        self._timeout = timeout
        self._client = httpx2.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout)),
            headers={"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "identity"},
        )

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises NoAnswer, and RefusedAddress for a URL to which nothing is sent."""
        try:
            target = target_of(url, private=self._private)
        except OSError as error:
            raise NoAnswer(f"its name cannot be resolved: {error.strerror or 'unknown'}") from None
        try:
            return self._exchange(method, target, body, headers)
        except httpx2.HTTPError as error:
            # Only the kind of fault: an error's own text can hold the URL.
            raise NoAnswer(FAULTS.get(type(error).__name__, type(error).__name__)) from None

    def close(self) -> None:
        self._client.close()

    def _exchange(self, method: str, target: Target, body: bytes, headers: Mapping[str, str]) -> Reply:
        deadline = time.monotonic() + self._timeout
        with self._client.stream(
            method,
            target.pinned,
            content=body,
            headers={**headers, "host": target.host_header},
            extensions={"sni_hostname": target.host},
        ) as response:
            kept = b""
            for chunk in response.iter_raw():
                kept += chunk
                if len(kept) >= LARGEST_ANSWER:
                    break
                if time.monotonic() > deadline:
                    raise NoAnswer("its answer takes too long")
            return Reply(status=response.status_code, headers=dict(response.headers), body=kept[:LARGEST_ANSWER])


FAULTS = {
    "ConnectError": "it cannot be reached",
    "ConnectTimeout": "it cannot be reached in time",
    "ReadTimeout": "it does not answer in time",
    "WriteTimeout": "it does not take the message in time",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "RemoteProtocolError": "its answer is cut off or is no HTTP",
}


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
