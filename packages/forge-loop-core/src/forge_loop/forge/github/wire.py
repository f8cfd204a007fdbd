"""One request over the wire and its whole answer.

Owns: headers, timeouts, the bounds of an answer, what counts as no answer. Must not: retry, wait, or know what an
answer means.
"""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from forge_loop import __version__

API_VERSION = "2022-11-28"
ACCEPT = "application/vnd.github+json"
CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 20.0, 120.0
LARGEST = 64 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing that can be read came back: what was asked may have been done, or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """`headers` have lower-case names. `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def data(self) -> Any:
        """The JSON of it. Raises NoAnswer for what is none: a page of a proxy, half an answer."""
        if self.status == 204:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise NoAnswer(f"status {self.status} with something that is no JSON") from None


class Wire:
    """Holds the connection and the token. `read_seconds` is how long a silence may last."""

    def __init__(
        self, token: str, *, read_seconds: float = READ_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._token = token
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={"User-Agent": f"forge-loop/{__version__}"},
        )
        # Whoever forgets to close it leaves no connection open.
        self.close = weakref.finalize(self, self._client.close)

    def send(
        self, method: str, url: str, *, body: Any = None, etag: str = "", accept: str = ACCEPT, known: bool = True
    ) -> Raw:
        """Raises NoAnswer. The token goes along only where `known` says that it is GitHub who is asked."""
        headers = {"Accept": accept}
        if known:
            headers |= {"Authorization": f"Bearer {self._token}", "X-GitHub-Api-Version": API_VERSION}
        if etag:
            headers["If-None-Match"] = etag
        content = json.dumps(body).encode() if body is not None else None
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            return self._receive(method, url, headers, content)
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None

    def _receive(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Raw:
        until = self._monotonic() + WHOLE_SECONDS
        parts, size = [], 0
        with self._client.stream(method, url, headers=dict(headers), content=content) as answer:
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST or self._monotonic() > until:
                    raise NoAnswer("the answer does not end")
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Raw(status=answer.status_code, headers=found, body=b"".join(parts), url=url)
