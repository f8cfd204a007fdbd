"""Agents without processes: a script says what each session does, and nothing moves unless a test moves it.

Owns: the fake of the Agents port that passes the same contract as the real one. Must not: start a thread or a process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from forge_loop.domain.session import Role, SessionEnded, SessionNews, SessionOrder, SessionOutcome
from forge_loop.errors import AgentError
from forge_loop.ports import Clock

Script = Callable[[SessionOrder], Sequence[SessionNews]]


class FakeAgents:
    """`scripts` maps a role to what its sessions do: a function of the order (which may write to the workspace).

    News without a SessionEnded leaves the session running until `end`, or until the test calls `finish`. A role
    without a script runs until it is ended.
    """

    def __init__(
        self, scripts: Mapping[Role, Script], *, clock: Clock, on_news: Callable[[], None] = lambda: None
    ) -> None:
        self.orders: list[SessionOrder] = []
        self.attempts: list[int] = []
        self.ends: list[tuple[str, str]] = []
        self.strays = 0
        self._scripts = dict(scripts)
        self._clock = clock
        self._on_news = on_news
        self._news: list[SessionNews] = []
        self._running: set[str] = set()
        self._over: set[str] = set()
        self._kept: set[tuple[str, Path]] = set()

    def start(self, order: SessionOrder, *, attempt: int) -> None:
        if order.id in self._running:
            raise AgentError(f"session {order.id!r} is already running")
        self.orders.append(order)
        self.attempts.append(attempt)
        self._running.add(order.id)
        self._over.discard(order.id)
        if not order.workspace.is_dir():
            self._hear(self._ended(order.id, SessionOutcome.CONFIGURATION, f"there is no {order.workspace}"))
            return
        self._kept.add((order.id, order.config_dir))
        script = self._scripts.get(order.role)
        for entry in script(order) if script is not None else ():
            self._hear(entry)

    def finish(self, ended: SessionEnded) -> None:
        """Let a running session end like this."""
        self._hear(ended)

    def hear(self, entry: SessionNews) -> None:
        """Let a running session say something."""
        self._hear(entry)

    def news(self) -> Sequence[SessionNews]:
        found, self._news = self._news, []
        self._running -= {entry.session for entry in found if isinstance(entry, SessionEnded)}
        return found

    def end(self, session: str, *, reason: str) -> None:
        if session in self._running - self._over:
            self.ends.append((session, reason))
            self._hear(self._ended(session, SessionOutcome.STOPPED, reason))

    def running(self) -> frozenset[str]:
        return frozenset(self._running)

    def resumable(self, session: str, config_dir: Path) -> bool:
        return (session, config_dir) in self._kept

    def forget(self, session: str) -> None:
        """Lose a conversation, so that it cannot be resumed."""
        self._kept = {entry for entry in self._kept if entry[0] != session}

    def reap(self) -> int:
        found, self.strays = self.strays, 0
        return found

    def close(self) -> None:
        for session in sorted(self._running):
            self.end(session, reason="the loop is stopping")

    def _ended(self, session: str, outcome: SessionOutcome, detail: str) -> SessionEnded:
        return SessionEnded(session=session, outcome=outcome, at=self._clock.now(), detail=detail)

    def _hear(self, entry: SessionNews) -> None:
        assert entry.session in self._running - self._over, f"news of a session that is not running: {entry!r}"
        if isinstance(entry, SessionEnded):
            self._over.add(entry.session)
        self._news.append(entry)
        self._on_news()


def reports(report: Mapping[str, Any], *, clock: Clock) -> Script:
    """A session that ends well with this report."""

    def script(order: SessionOrder) -> Sequence[SessionNews]:
        return [SessionEnded(session=order.id, outcome=SessionOutcome.DONE, at=clock.now(), report=report)]

    return script


def ends(outcome: SessionOutcome, detail: str = "", *, clock: Clock) -> Script:
    """A session that ends like this, without a report."""

    def script(order: SessionOrder) -> Sequence[SessionNews]:
        return [SessionEnded(session=order.id, outcome=outcome, at=clock.now(), detail=detail)]

    return script


def in_turn(*scripts: Script) -> Script:
    """The first session follows the first script, the next the second; the last script is repeated."""
    waiting = list(scripts)

    def script(order: SessionOrder) -> Sequence[SessionNews]:
        return (waiting.pop(0) if len(waiting) > 1 else waiting[0])(order)

    return script
