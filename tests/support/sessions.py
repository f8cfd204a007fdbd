"""Real sessions for tests: the real SDK and the real Claude Code against the scripted model.

Owns: orders with private directories, the stage that starts sessions and collects their news. Must not: wait without
a bound, or leave a process behind.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from forge_loop.agents.environment import SESSION_MARKER
from forge_loop.agents.hosts import ClaudeAgents
from forge_loop.agents.processes import marked
from forge_loop.agents.sandbox import Sandbox
from forge_loop.bootstrap.clock import SystemClock
from forge_loop.domain.session import Activity, LimitSeen, Role, SessionEnded, SessionNews, SessionOrder
from forge_loop.domain.worker_report import WORKER_SCHEMA
from forge_loop.rehearsal.model import Answer, Reply, Request, ScriptedModel

PATIENCE = 60.0


def order(base: Path, **fields: Any) -> SessionOrder:
    """A worker's order with directories of its own below `base`; `fields` replace what matters."""
    session = str(fields.pop("id", uuid.uuid4()))
    place = base / session[:8]
    made = SessionOrder(
        id=session,
        role=Role.WORKER,
        resume=False,
        workspace=place / "workspace",
        config_dir=place / "config",
        home=place / "home",
        tmp=place / "tmp",
        transcript=place / "transcript.jsonl",
        system="You are the worker of a test.",
        prompt="Do what the script says.",
        model="claude-opus-4-7",
        effort="medium",
        max_turns=20,
        timeout=PATIENCE,
        report_schema=WORKER_SCHEMA,
        writes=True,
    )
    made = replace(made, **fields)
    for path in (made.workspace, made.config_dir, made.home, made.tmp):
        path.mkdir(parents=True, exist_ok=True)
    return made


class Stage:
    """A scripted model, the agents over it, and everything they said so far, by session.

    `environ` is laid over a small environment that holds a subscription token and none of the machine's own secrets.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        auth: str = "subscription",
        sandbox: Sandbox | None = None,
    ) -> None:
        self.answers: dict[str, Answer] = {}
        self.heard: dict[str, list[SessionNews]] = {}
        self.model = ScriptedModel(self._answer)
        self.loop_id = f"test-{uuid.uuid4()}"
        self._woken = threading.Event()
        self.agents = ClaudeAgents(
            loop_id=self.loop_id,
            auth=auth,
            environ={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "CLAUDE_CODE_OAUTH_TOKEN": "scripted-token",
                "CLAUDE_CODE_MAX_RETRIES": "1",
                "ANTHROPIC_BASE_URL": self.model.url,
                **(environ or {}),
            },
            clock=SystemClock(),
            on_news=self._woken.set,
            sandbox=sandbox,
        )

    def start(self, placed: SessionOrder, answer: Answer) -> SessionOrder:
        self.answers[placed.id] = answer
        self.agents.start(placed, attempt=1)
        return placed

    def ended(self, placed: SessionOrder) -> SessionEnded:
        """Wait for the end of a session, once."""
        self.until(lambda: any(isinstance(entry, SessionEnded) for entry in self.said(placed)))
        entry = self.said(placed)[-1]
        assert isinstance(entry, SessionEnded), entry
        return entry

    def run(self, placed: SessionOrder, answer: Answer) -> SessionEnded:
        return self.ended(self.start(placed, answer))

    def used(self, placed: SessionOrder, tool: str) -> None:
        """Wait until a session has called a tool."""
        self.until(lambda: any(entry.tool == tool for entry in self.activities(placed)))

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            self._woken.clear()
            for entry in self.agents.news():
                self.heard.setdefault(entry.session, []).append(entry)
            if reached():
                return
            assert self._woken.wait(max(0.0, deadline - time.monotonic())), f"nothing more was heard: {self.heard!r}"

    def said(self, placed: SessionOrder) -> list[SessionNews]:
        return self.heard.get(placed.id, [])

    def activities(self, placed: SessionOrder) -> list[Activity]:
        return [entry for entry in self.said(placed) if isinstance(entry, Activity)]

    def limits(self, placed: SessionOrder) -> list[LimitSeen]:
        return [entry for entry in self.said(placed) if isinstance(entry, LimitSeen)]

    def requests(self, placed: SessionOrder) -> list[Request]:
        return [request for request in self.model.requests if request.session == placed.id]

    def close(self) -> None:
        self.agents.close()
        self.model.close()

    def _answer(self, request: Request) -> Reply:
        return self.answers[request.session](request)


def left_of(placed: SessionOrder) -> list[int]:
    """The pids of what is left of a session."""
    return left_of_session(placed.id)


def left_of_session(session: str) -> list[int]:
    return [process.pid for process in marked(f"{SESSION_MARKER}={session}")]
