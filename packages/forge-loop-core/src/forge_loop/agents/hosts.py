"""Sessions as child processes: the Agents port over hosts.

Owns: spawning hosts with a scrubbed environment, the queue of news, leftovers of an earlier loop. Must not: import the
agent SDK, or block: what takes time happens on a supervisor's thread.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from forge_loop.agents.credentials import Credential, choose_credential
from forge_loop.agents.environment import LOOP_MARKER, session_environment
from forge_loop.agents.ladder import CLOSE_SECONDS, END_SECONDS
from forge_loop.agents.processes import Process, ancestors, descendants, end_all, marked
from forge_loop.agents.sandbox import ConfinedSession, Sandbox
from forge_loop.agents.sandbox.inside import SESSION_VARIABLES, offline
from forge_loop.agents.sandbox.upstream import stand_in, upstream_of
from forge_loop.agents.supervisor import Supervisor
from forge_loop.domain.session import SessionEnded, SessionNews, SessionOrder, SessionOutcome
from forge_loop.errors import AgentError, AuthenticationError
from forge_loop.ports import Clock


class ClaudeAgents:
    """Runs each session in a host of its own.

    `loop_id` marks every process of this loop, `auth` is "subscription" or "api_key", `environ` the loop's own
    environment (variables are picked from it, never handed on whole). With a `sandbox` Claude Code runs inside it and
    the host outside keeps the credential. `on_news` is called from other threads whenever `news` has something new.
    `start` must be called on a thread that lives as long as the loop: a host ends when the thread that started it does.
    """

    def __init__(
        self,
        *,
        loop_id: str,
        auth: str,
        environ: Mapping[str, str],
        clock: Clock,
        on_news: Callable[[], None],
        sandbox: Sandbox | None = None,
    ) -> None:
        self._loop_id = loop_id
        self._auth = auth
        self._environ = dict(environ)
        self._clock = clock
        self._on_news = on_news
        self._sandbox = sandbox
        self._news: queue.SimpleQueue[SessionNews] = queue.SimpleQueue()
        self._sessions: dict[str, Supervisor | None] = {}

    def start(self, order: SessionOrder, *, attempt: int) -> None:
        if order.id in self._sessions:
            raise AgentError(f"session {order.id!r} is already running")
        self._sessions[order.id] = None
        try:
            self._sessions[order.id] = self._spawn(order, attempt)
        except AuthenticationError as problem:
            self._never_ran(order, SessionOutcome.AUTH, f"{problem} ({problem.hint})")
        except OSError as problem:
            self._never_ran(order, SessionOutcome.CONFIGURATION, f"the session could not be started: {problem}")

    def news(self) -> Sequence[SessionNews]:
        found: list[SessionNews] = []
        while not self._news.empty():
            found.append(self._news.get_nowait())
        for entry in found:
            if isinstance(entry, SessionEnded):
                self._sessions.pop(entry.session, None)
        return found

    def end(self, session: str, *, reason: str) -> None:
        supervisor = self._sessions.get(session)
        if supervisor is not None:
            supervisor.end(reason)

    def running(self) -> frozenset[str]:
        return frozenset(self._sessions)

    def resumable(self, session: str, config_dir: Path) -> bool:
        try:
            found = [path for path in config_dir.glob("projects/*/*.jsonl") if path.stem == session]
            return any(path.stat().st_size > 0 for path in found)
        except OSError:
            return False

    def reap(self) -> int:
        ended = end_all(self._strays, within=END_SECONDS)
        if self._sandbox is not None:
            self._sandbox.sweep()
        return ended

    def close(self) -> None:
        deadline = time.monotonic() + CLOSE_SECONDS
        supervisors = [supervisor for supervisor in self._sessions.values() if supervisor is not None]
        for supervisor in supervisors:
            supervisor.end("the loop is stopping")
        for supervisor in supervisors:
            supervisor.join(deadline - time.monotonic())

    def _spawn(self, order: SessionOrder, attempt: int) -> Supervisor:
        credential = choose_credential(self._auth, self._environ, self._clock.now())
        if self._sandbox is None:
            credential.install(order.config_dir)
            return self._host(order, attempt, self._environ, credential.variables, None)
        Credential(payer=credential.payer).install(order.config_dir)  # takes away what an open session was given
        order = replace(order, variables={})  # a collector cannot be reached from inside
        confined = self._sandbox.session(order, upstream_of(credential, self._environ))
        try:
            variables = {**stand_in(credential), **SESSION_VARIABLES}
            return self._host(order, attempt, offline(self._environ), variables, confined)
        except OSError:
            confined.remove()
            raise

    def _host(
        self,
        order: SessionOrder,
        attempt: int,
        environ: Mapping[str, str],
        credential: Mapping[str, str],
        confined: ConfinedSession | None,
    ) -> Supervisor:
        process = subprocess.Popen(
            # -I: neither the agent's directories nor its variables decide what the host imports.
            [sys.executable, "-I", "-m", "forge_loop.agents.host", str(os.getpid())],
            env=session_environment(
                order, loop_id=self._loop_id, attempt=attempt, environ=environ, credential=credential
            ),
            cwd=order.workspace,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return Supervisor(process, order, clock=self._clock, tell=self._hear, confined=confined)

    def _never_ran(self, order: SessionOrder, outcome: SessionOutcome, detail: str) -> None:
        self._hear(SessionEnded(session=order.id, outcome=outcome, at=self._clock.now(), detail=detail))

    def _hear(self, entry: SessionNews) -> None:
        self._news.put(entry)
        self._on_news()

    def _strays(self) -> list[Process]:
        own = os.getpid()
        spared = {own, *ancestors(own), *(process.pid for process in descendants(own))}
        return [process for process in marked(f"{LOOP_MARKER}={self._loop_id}") if process.pid not in spared]
