"""Asking GitHub: one request at a time, under its limits, with every answer either understood or an error.

Owns: conditional reads, pages, redirects, retries of reads, the words of refusals. Must not: know what an endpoint is
for, repeat a write, or take a part of a listing for the whole.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from forge_loop.errors import AuthenticationError, ForgeError, RefusedError, UnreadableError
from forge_loop.forge.github.pace import Pace
from forge_loop.forge.github.place import LOOPBACK, Place
from forge_loop.forge.github.wire import ACCEPT, NoAnswer, Raw, Wire
from forge_loop.ports import Clock

TRIES = 3
REDIRECTS = 3
REMEMBERED = 256
MOST_PAGES = 1000
# A refused token is not shown again for so long: who goes on with one is locked out.
SILENCE = 60.0
_MOVED = frozenset({301, 302, 303, 307, 308})
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class Client:
    """Safe to use from several threads. `pause` waits between two tries and between two writes.

    `date` is GitHub's own time at its newest answer.
    """

    def __init__(self, place: Place, wire: Wire, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.place = place
        self.pace = Pace(clock, pause)
        self._wire = wire
        self._clock = clock
        self._pause = pause
        self._one_at_a_time = threading.Lock()
        self._remembered: OrderedDict[str, Raw] = OrderedDict()
        self._silent_until = 0.0
        self.date: datetime | None = None

    def get(
        self,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        accept: Sequence[int] = (),
        polling: bool = False,
        remember: bool = True,
    ) -> Raw:
        """Read something that is there. A status in `accept` is an answer too. Raises UnreadableError.

        `polling` marks what looks for new work: it stops first when the hourly limit runs low.
        """
        raw = self._read(self._url(path, params), polling=polling, remember=remember)
        if raw.status == 200 or raw.status in accept:
            return raw
        raise UnreadableError(_refused("GET", raw))

    def pages(
        self,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        under: str = "",
        accept: Sequence[int] = (),
        polling: bool = False,
        remember: bool = True,
    ) -> list[Any] | None:
        """A whole listing, in GitHub's order; `under` is the key it stands below. None for a status in `accept`.

        One page that cannot be read makes all of it unknown.
        """
        found: list[Any] = []
        url = self._url(path, {"per_page": 100, **(params or {})})
        for _ in range(MOST_PAGES):
            raw = self.get(url, accept=accept, polling=polling, remember=remember)
            if raw.status != 200:
                return None
            found.extend(self._entries(raw, under))
            after = next_page(raw)
            if after is None:
                return found
            url = self._url(after, None)
        raise UnreadableError(f"{path}: the listing does not end")

    def _entries(self, raw: Raw, under: str) -> list[Any]:
        data = raw.data
        entries = data.get(under) if under and isinstance(data, dict) else data
        if not isinstance(entries, list):
            raise UnreadableError(f"GitHub answered GET {_shown(raw.url)} with something that is no list")
        return entries

    def tail(self, path: str, size: int) -> str:
        """The last part of a text that may lie elsewhere, where the token is not taken. Empty if it is not readable."""
        url, known = self._url(path, None), True
        for _ in range(REDIRECTS):
            try:
                raw = self._once("GET", url, known=known)
            except (NoAnswer, UnreadableError):
                return ""
            if raw.status not in _MOVED:
                return raw.text[-size:] if raw.status == 200 else ""
            url = urljoin(url, raw.headers.get("location", ""))
            known = known and self._is_ours(url)
            if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in LOOPBACK:
                return ""
        return ""

    def write(self, method: str, path: str, body: Any = None, *, accept: Sequence[int] = ()) -> Raw:
        """Change something, once. A status in `accept` is an answer too.

        Raises RefusedError for GitHub's no, UnreadableError where it was not asked, ForgeError where it is not known
        whether it was done.
        """
        raw = self._sent(method, self._url(path, None), body)
        if raw.status in _MOVED:
            place = raw.headers.get("location", "elsewhere")
            raise ForgeError(
                f"{self.place.full_name} has moved: {method} was answered with {_shown(place)}; nothing was written",
                hint="set repository: to its new owner/name",
            )
        if raw.status >= 500:
            raise ForgeError(f"GitHub answered {method} {_shown(raw.url)} with {raw.status}; it may have been done")
        if raw.status < 300:
            self._checked(method, raw)
        elif raw.status not in accept:
            raise RefusedError(_refused(method, raw))
        return raw

    def query(self, text: str, variables: Mapping[str, object], *, absent: bool = False) -> Any:
        """What a GraphQL query answers. With `absent`, what is not found is None in it and no error."""
        for last in (False, True):
            try:
                body = {"query": text, "variables": dict(variables)}
                raw = self._once("POST", self.place.graphql, body=body, graph=True)
                if raw.status == 200:
                    return _graph(raw.data, absent=absent)
                if raw.status < 500:
                    raise UnreadableError(_refused("POST", raw))
                problem = f"status {raw.status}"
            except NoAnswer as error:
                problem = str(error)
            if not last:
                self._pause(1.0)
        raise UnreadableError(f"GitHub's GraphQL could not be read: {problem}")

    def mutate(self, text: str, variables: Mapping[str, object]) -> Any:
        """Change something that only GraphQL can, once."""
        raw = self._sent("POST", self.place.graphql, {"query": text, "variables": dict(variables)}, graph=True)
        if raw.status >= 500:
            raise ForgeError(f"GitHub answered a mutation with {raw.status}; it may have been done")
        if raw.status != 200:
            raise RefusedError(_refused("POST", raw))
        try:
            return _graph(raw.data)
        except NoAnswer as error:
            raise ForgeError(f"GitHub answered a mutation with {error}; it may have been done") from None
        except UnreadableError as error:
            raise RefusedError(error.message) from None

    def close(self) -> None:
        self._wire.close()

    def _read(self, url: str, *, polling: bool, remember: bool) -> Raw:
        """A GET: conditional where its last answer is still held, tried again where nothing readable came back."""
        problem = ""
        for left in reversed(range(TRIES)):
            try:
                raw = self._followed(url, polling=polling, remember=remember)
                if raw.status < 500:
                    _ = raw.data
                    return raw
                problem = f"status {raw.status}"
            except NoAnswer as error:
                problem = str(error)
            if left:
                self._pause(float(TRIES - left))
        raise UnreadableError(f"GitHub did not answer GET {_shown(url)}: {problem}")

    def _followed(self, url: str, *, polling: bool, remember: bool) -> Raw:
        for _ in range(REDIRECTS + 1):
            held = self._remembered.get(url) if remember else None
            etag = held.headers["etag"] if held is not None else ""
            raw = self._once("GET", url, etag=etag, polling=polling)
            if raw.status == 304 and held is not None:
                return held
            if raw.status not in _MOVED:
                if remember and raw.status == 200 and "etag" in raw.headers:
                    self._hold(url, raw)
                return raw
            place = urljoin(url, raw.headers.get("location", ""))
            if not self._is_ours(place):
                raise UnreadableError(f"GitHub answered GET {_shown(url)} with a way to {_shown(place)}")
            url = place
        raise UnreadableError(f"GitHub sends GET {_shown(url)} in a circle")

    def _hold(self, url: str, raw: Raw) -> None:
        _ = raw.data  # what cannot be read is never held
        self._remembered[url] = raw
        self._remembered.move_to_end(url)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _sent(self, method: str, url: str, body: Any, *, graph: bool = False) -> Raw:
        try:
            return self._once(method, url, body=body, writes=True, graph=graph)
        except NoAnswer as error:
            raise ForgeError(f"GitHub did not answer {method} {_shown(url)}: {error}; it may have been done") from None

    def _checked(self, method: str, raw: Raw) -> None:
        try:
            _ = raw.data
        except NoAnswer as error:
            raise ForgeError(
                f"GitHub answered {method} {_shown(raw.url)} with {error}; it may have been done"
            ) from None

    def _once(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        etag: str = "",
        polling: bool = False,
        writes: bool = False,
        known: bool = True,
        graph: bool = False,
    ) -> Raw:
        """One request, when it may be sent. Raises NoAnswer, AuthenticationError, UnreadableError for a limit."""
        with self._one_at_a_time:
            if self._clock.monotonic() < self._silent_until:
                raise self._unauthorised()
            self.pace.check(polling=polling, graph=graph)
            if writes:
                self.pace.before_write()
            try:
                raw = self._wire.send(method, url, body=body, etag=etag, accept=ACCEPT, known=known)
            finally:
                if writes:
                    self.pace.after_write()
            if not known:
                return raw
            self.date = _date(raw) or self.date
            if raw.status == 401:
                self._silent_until = self._clock.monotonic() + SILENCE
                raise self._unauthorised()
            if self.pace.heard(raw.status, raw.headers, raw.text if raw.status >= 400 else ""):
                self.pace.check()
            elif graph and raw.status == 200 and _graph_limited(raw):
                self.pace.graph_limited(raw.headers)
                self.pace.check(graph=True)
            return raw

    def _unauthorised(self) -> AuthenticationError:
        return AuthenticationError(
            f"{self.place.host} does not accept the token (401)", hint="a new one: forge-loop doctor --only github"
        )

    def _url(self, path: str, params: Mapping[str, object] | None) -> str:
        url = path if path.startswith("http") else self.place.api + path
        if not self._is_ours(url):
            raise UnreadableError(f"GitHub points to {_shown(url)}, which is somewhere else")
        return f"{url}?{urlencode(params)}" if params else url

    def _is_ours(self, url: str) -> bool:
        own, asked = urlsplit(self.place.api), urlsplit(url)
        return (own.scheme, own.netloc) == (asked.scheme, asked.netloc)


def next_page(raw: Raw) -> str | None:
    """Where the listing goes on, as GitHub says; never made up."""
    match = _NEXT.search(raw.headers.get("link", ""))
    return match[1] if match is not None else None


def _graph(data: Any, *, absent: bool = False) -> Any:
    """Half an answer is none: GraphQL says 200 whatever went wrong."""
    errors = data.get("errors") if isinstance(data, dict) else [{"message": "no object"}]
    serious = [entry for entry in errors or [] if not (absent and entry.get("type") == "NOT_FOUND")]
    if serious or not isinstance(data.get("data"), dict):
        said = "; ".join(str(entry.get("message", "")) for entry in serious) or "no data"
        raise UnreadableError(f"GitHub's GraphQL answered: {said[:500]}")
    return data["data"]


def _graph_limited(raw: Raw) -> bool:
    """A limit is no answer, whatever the status says."""
    try:
        data = raw.data
    except NoAnswer:
        return False
    errors = data.get("errors") if isinstance(data, dict) else None
    return any(
        isinstance(entry, dict)
        and (entry.get("type") == "RATE_LIMITED" or "secondary rate limit" in str(entry.get("message")).lower())
        for entry in errors or ()
    )


def _message(raw: Raw) -> str:
    """GitHub's own words, and what it says of single fields."""
    try:
        data = raw.data
    except NoAnswer:
        return "no reason given"
    if not isinstance(data, dict):
        return "no reason given"
    said = [str(data.get("message") or "no reason given")]
    for entry in data.get("errors") or ():
        if isinstance(entry, dict):
            parts = [str(entry[name]) for name in ("field", "code", "message") if entry.get(name)]
            said.append(" ".join(parts))
        else:
            said.append(str(entry))
    return "; ".join(said)[:500]


def _refused(method: str, raw: Raw) -> str:
    """What was refused and why, with the permission that the token lacks where GitHub names it."""
    wanted = raw.headers.get("x-accepted-github-permissions", "") if raw.status == 403 else ""
    needs = f"; the token needs the permission {wanted}" if wanted else ""
    return f"GitHub refused {method} {_shown(raw.url)} ({raw.status}): {_message(raw)}{needs}"


def _date(raw: Raw) -> datetime | None:
    try:
        return parsedate_to_datetime(raw.headers.get("date", ""))
    except ValueError:
        return None


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return parts.path or url
