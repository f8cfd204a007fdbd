"""What the page looks at and the one door through which it asks: a project, its state, its tracker.

Owns: opening each for one look and closing it again, remembering slow looks for a moment, writing requests. Must not:
hold a transaction, or write any other row.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from forge_loop import ForgeLoopError
from forge_loop.extension import (
    Invocation,
    Issue,
    Project,
    RequestRow,
    Store,
    Tracker,
    find_project,
    label_ready,
    prepare_state_directory,
    put_request,
    read_issue,
    reading,
    tracker,
    writing,
)
from forge_loop.status import FleetStatus, Reading, is_running, read_fleet

PROJECT_SECONDS = 10.0
TRACKER_SECONDS = 3.0
FLEET_SECONDS = 1.0

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A repository of the operator's fleet, and where its page is."""

    name: str
    directory: Path
    url: str


class Desk:
    """Safe to use from several threads. `places` are all the pages of this process, where there are several."""

    def __init__(self, given: Invocation) -> None:
        self.given = given
        self.places: tuple[Place, ...] = ()
        self._remembered: dict[Hashable, tuple[float, Any]] = {}
        self._kept: dict[Hashable, Any] = {}
        self._lock = threading.Lock()
        prepare_state_directory(self.project.layout.root)

    @property
    def project(self) -> Project:
        """The project with its settings as they stand on disk now. Raises ConfigError after a bad edit."""
        return self.remembered("project", PROJECT_SECONDS, lambda: find_project(self.given))

    def now(self) -> datetime:
        return datetime.now(UTC)

    @contextmanager
    def store(self) -> Iterator[Store | None]:
        """The rows for one look; None where no loop has been yet."""
        with reading(self.project) as store:
            yield store

    def fleet(self) -> FleetStatus | None:
        """The fleet that the operator keeps; None without one. Raises ConfigError, DatabaseError."""
        return self.remembered("fleet", FLEET_SECONDS, lambda: read_fleet(self.given.environ, now=self.now()))

    def issue(self, number: int) -> Reading:
        """An issue as the tracker shows it. Raises NoSuchIssueError for one that neither it nor the loop knows."""
        return self.remembered(("issue", number), TRACKER_SECONDS, lambda: read_issue(self.project, number))

    def open_issues(self) -> tuple[Sequence[Issue], str | None]:
        """The tracker's open issues, and why they could not be read."""
        return self.remembered("issues", TRACKER_SECONDS, self._open_issues)

    def _open_issues(self) -> tuple[Sequence[Issue], str | None]:
        try:
            return self._tracker().open_issues(), None
        except (ForgeLoopError, OSError) as error:
            return (), str(error)

    def _tracker(self) -> Tracker:
        """One for as long as the settings stand: it knows what did not change since the last look."""
        project = self.project
        with self._lock:
            known = self._kept.get("tracker")
            if known is None or known[0] != project.settings:
                known = (project.settings, tracker(project.directory, project.settings, project.environ))
                self._kept["tracker"] = known
            found: Tracker = known[1]
            return found

    def remembered(self, key: Hashable, seconds: float, look: Callable[[], Found]) -> Found:
        """What `look` says, or said within the last so many seconds. What it raises is not remembered."""
        with self._lock:
            known = self._remembered.get(key)
        if known is not None and time.monotonic() - known[0] < seconds:
            found: Found = known[1]
            return found
        found = look()
        with self._lock:
            self._remembered[key] = (time.monotonic(), found)
        return found

    def kept(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """What was made once for this key, for as long as the page is served."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            found: Found = self._kept[key]
            return found

    def forget(self) -> None:
        """Look at everything anew the next time."""
        with self._lock:
            self._remembered.clear()

    def runs(self) -> bool:
        """Whether a loop is alive."""
        with self.store() as store:
            return store is not None and is_running(store.loop())

    def ask(
        self, kind: str, *, issue: int | None = None, detail: Mapping[str, Any] | None = None, by: str
    ) -> tuple[RequestRow, bool]:
        """Write a request; the row, and whether a loop runs that will answer it."""
        with writing(self.project) as (store, database):
            row = put_request(store, database, kind, issue=issue, detail=detail, by=by)
            return row, is_running(store.loop())

    def approve(self, number: int, *, seen: str, accept_hidden: bool, by: str) -> tuple[RequestRow, bool]:
        """The operator's approval of the text whose SHA-256 was shown. Raises OperatorError where it must not be."""
        detail = label_ready(self.project, number, seen=seen, accept_hidden=accept_hidden)
        self.forget()
        return self.ask("approve", issue=number, detail=detail, by=by)
