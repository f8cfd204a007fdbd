"""Every open issue, read whole once and then kept up by what changed.

Owns: the copy of the backlog, the one conditional request that shows whether anything changed. Must not: show a listing
of which a part could not be read.
"""

from __future__ import annotations

import threading
from datetime import datetime

from forge_loop.errors import UnreadableError
from forge_loop.forge.github.client import next_page
from forge_loop.forge.github.issues import Seen, seen
from forge_loop.forge.github.reading import moment, understood
from forge_loop.forge.github.repository import Repository
from forge_loop.forge.github.wire import Raw
from forge_loop.ports import Clock

# What leaves without a trace (a deleted issue, a renamed label) is noticed this much later at most.
WHOLE_AGAIN = 3600.0
READINGS = 3


class Listing:
    """Safe to use from several threads."""

    def __init__(self, repository: Repository, clock: Clock) -> None:
        self._client = repository.client
        self._path = f"{repository.path}/issues"
        self._clock = clock
        self._reading = threading.Lock()
        self._open: dict[int, Seen] = {}
        self._newest: Raw | None = None
        self._upto: datetime | None = None
        self._whole_at = float("-inf")

    def read(self) -> dict[int, Seen]:
        """Every open issue by number. An issue that did not change is the very object of the last reading."""
        with self._reading:
            if self._newest is None or self._clock.monotonic() - self._whole_at > WHOLE_AGAIN:
                self._read_whole()
            else:
                self._catch_up()
            return dict(self._open)

    def _read_whole(self) -> None:
        """A closed issue moves those behind it up, and one is skipped: then the whole is read again."""
        for _ in range(READINGS):
            self._newest, began = None, self._clock.monotonic()
            first = self._changes(None)
            upto = _newest_time(first)
            params = {"state": "open", "sort": "created", "direction": "asc"}
            entries = self._client.pages(self._path, params, polling=True, remember=False) or []
            found = [entry for entry in map(seen, entries) if entry is not None]
            self._open = {entry.issue.number: entry for entry in found}
            self._newest, self._upto = first, upto
            if not self._catch_up():
                self._require_all_of(first)
                self._whole_at = began
                return
        self._newest = None
        raise UnreadableError("issues are being closed while they are listed; they are listed again")

    def _require_all_of(self, first: Raw) -> None:
        """An empty page is no error of HTTP: what changed last must be in a listing that nothing changed since."""
        shown = [entry for entry in map(seen, first.data) if entry is not None and entry.issue.open]
        lost = [entry.issue.number for entry in shown if entry.issue.number not in self._open]
        if lost:
            self._newest = None
            raise UnreadableError(f"GitHub's listing of open issues lacks #{lost[0]}")

    def _catch_up(self) -> bool:
        """Take in what changed since; whether anything was closed. An error leaves everything as it was."""
        first = self._changes(None)
        if self._newest is not None and first.body == self._newest.body:
            return False
        changed: dict[int, Seen] = {}
        raw: Raw | None = first
        while raw is not None:
            entries = raw.data
            with understood("the listing of issues"):
                fresh = [entry for entry in entries if self._upto is None or moment(entry["updated_at"]) >= self._upto]
            for entry in map(seen, fresh):
                if entry is not None:
                    changed.setdefault(entry.issue.number, entry)
            after = next_page(raw) if len(fresh) == len(entries) else None
            raw = self._changes(after) if after is not None else None
        closed = self._take(changed)
        self._newest, self._upto = first, _newest_time(first)
        return closed

    def _take(self, changed: dict[int, Seen]) -> bool:
        closed = False
        for number, entry in changed.items():
            if entry.issue.open:
                if self._open.get(number) != entry:
                    self._open[number] = entry
            else:
                closed = self._open.pop(number, None) is not None or closed
        return closed

    def _changes(self, page: str | None) -> Raw:
        """What changed last, newest first, closed or not. Only the first page is asked for again and again."""
        if page is not None:
            return self._client.get(page, polling=True, remember=False)
        params = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 100}
        return self._client.get(self._path, params, polling=True)


def _newest_time(raw: Raw) -> datetime | None:
    with understood("the listing of issues"):
        return max((moment(entry["updated_at"]) for entry in raw.data), default=None)
