"""Replies that get lost: a write of a port is done, and then its caller hears of a failure.

Owns: wrapping the writes of tracker, code host and workspaces, and counting them. Must not: change what a write does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from forge_loop.runner import Context

WRITES = {
    "tracker": ("add_label", "remove_label", "post_note", "close"),
    "code_host": ("open_pull_request", "merge", "delete_branch", "close_pull_request"),
    "workspaces": ("create", "push", "remove", "harvest", "salvage"),
}


@dataclass
class Replies:
    """Counts every write. The reply of the nth one, counted from 1, is lost; so are the next `more` of its kind."""

    nth: int = 0
    error: Callable[[], Exception] = lambda: TimeoutError("no answer came")
    more: int = 0
    writes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def wrap(self, context: Context) -> None:
        for port, names in WRITES.items():
            setattr(context, port, Forgetful(getattr(context, port), frozenset(names), self))

    def came(self, name: str) -> None:
        """Called after a write was done: raise if this is the reply to lose."""
        self.writes.append(name)
        repeated = bool(self.lost) and self.lost[0] == name and len(self.lost) <= self.more
        if len(self.writes) == self.nth or repeated:
            self.lost.append(name)
            raise self.error()


class Forgetful:
    """A port whose writes report to `Replies`; everything else is the port's own."""

    def __init__(self, port: Any, names: frozenset[str], replies: Replies) -> None:
        self._port = port
        self._names = names
        self._replies = replies

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in self._names:
            return found

        def write(*words: Any, **named: Any) -> Any:
            answer = found(*words, **named)
            self._replies.came(name)
            return answer

        return write
