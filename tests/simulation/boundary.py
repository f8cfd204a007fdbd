"""Where the loop meets the outside: every call passes here, and here it crashes, fails or loses its answer.

Owns: crash points, outages, lost replies, the count of what really fired. Must not: know what a call means.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from sqlite3 import Connection
from typing import Any

from forge_loop.database import Database
from forge_loop.errors import DatabaseFullError, UnreadableError

WRITES = frozenset(
    {
        "tracker.add_label",
        "tracker.remove_label",
        "tracker.post_note",
        "tracker.close",
        "code_host.open_pull_request",
        "code_host.merge",
        "code_host.delete_branch",
        "code_host.close_pull_request",
        "conversation.describe",
        "conversation.mark_ready",
        "conversation.post_review",
        "workspaces.create",
        "workspaces.remove",
        "workspaces.push",
    }
)
NETWORK = frozenset({"workspaces.fetch", "workspaces.push"})
QUIET = frozenset(
    {
        "code_host.conversation",
        "agents.news",
        "agents.running",
        "agents.resumable",
        "workspaces.existing",
        "code_host.repository",
    }
)


class Crash(BaseException):
    """The process is gone. Nothing catches it; whatever was in memory is lost."""


def _nothing(_name: str, _what: Any) -> None:
    return None


class Boundary:
    """One for the whole world; `reborn` lets a new process begin. `before_write` looks at every write before it."""

    def __init__(self, chance: Random, note: Callable[[str], None]) -> None:
        self.fired: Counter[str] = Counter()
        self.before_write: Callable[[str, dict[str, Any]], None] = _nothing
        self.after_read: Callable[[str, Any], None] = _nothing
        self.down: set[str] = set()
        self.disk_full = False
        self.lost_replies = 0.0
        self._chance = chance
        self._note = note
        self._dead = False
        self._until_crash: int | None = None

    def crash_after(self, points: int | None) -> None:
        """Crash at the so-manieth point from here; None: never."""
        self._until_crash = points

    def reborn(self) -> None:
        self._dead = False

    def point(self, name: str) -> None:
        """Somewhere a process may end."""
        if self._dead:
            raise Crash(name)
        if self._until_crash is None:
            return
        self._until_crash -= 1
        if self._until_crash <= 0:
            self._until_crash = None
            self._dead = True
            self.fired[f"crash {name.partition(' ')[0]}"] += 1
            self._note(f"CRASH {name}")
            raise Crash(name)

    def call(self, port: str, method: str, act: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        name = f"{port}.{method}"
        if name in QUIET:
            self.point(f"at {name}")
            return act(*arguments, **named)
        self.point(f"before {name}")
        self._outage(port, name)
        writes = name in WRITES
        if writes:
            self.before_write(name, {"arguments": arguments, **named})
            self._note(f"{name} {[*map(_short, arguments), *map(_short, named.values())]}")
        answer = act(*arguments, **named)
        if writes and port != "workspaces" and self._chance.random() < self.lost_replies:
            self.fired[f"reply lost {name}"] += 1
            self._note(f"the reply of {name} is lost")
            raise UnreadableError(f"{name}: the connection was lost")
        if not writes:
            self.after_read(name, answer)
        self.point(f"after {name}")
        return answer

    def _outage(self, port: str, name: str) -> None:
        unreachable = port in self.down or (name in NETWORK and "code_host" in self.down)
        unreachable = unreachable or (port == "conversation" and "code_host" in self.down)
        if unreachable:
            self.fired[f"outage {port}"] += 1
            raise UnreadableError(f"{name}: cannot be reached")


class Bound:
    """A port behind the boundary."""

    def __init__(self, port: str, inner: object, boundary: Boundary) -> None:
        self._port = port
        self._inner = inner
        self._boundary = boundary

    def __getattr__(self, method: str) -> Any:
        return partial(self._boundary.call, self._port, method, getattr(self._inner, method))


class BoundHost(Bound):
    """A code host behind the boundary, and what people say there."""

    def conversation(self) -> object:
        talk = self.__getattr__("conversation")()
        return None if talk is None else Bound("conversation", talk, self._boundary)


class CrashingDatabase(Database):
    """A database whose process may end just before and just after every commit, and whose disk may be full."""

    def __init__(self, path: Path, boundary: Boundary) -> None:
        self._boundary = boundary
        self._depth = 0
        super().__init__(path, durability="normal")

    @contextlib.contextmanager
    def transaction(self, *, flush: bool = True) -> Iterator[Connection]:
        with super().transaction(flush=flush) as connection:
            self._depth += 1
            try:
                yield connection
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._boundary.point("before commit")
                if self._boundary.disk_full:
                    self._boundary.fired["disk full"] += 1
                    raise DatabaseFullError("the disk is full")
        if self._depth == 0:
            self._boundary.point("after commit")


def _short(value: Any) -> str:
    text = value.name if isinstance(value, Path) else str(value)
    return text[:40]
