"""A repository of one's own: init, add, approve, run; and a kill -9 in the middle. Real CLI, SDK, git and SQLite."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use
from support.runner_world import FULL_BODY, git
from support.scripted import APPROVAL, WORK, commit_command

SECONDS = 90.0


@dataclass
class Operator:
    """An operator at a shell in their own repository. `entered`: the worker has begun; `go` lets it go on."""

    project: Path
    home: Path
    model: ScriptedModel
    entered: threading.Event
    go: threading.Event

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "ANTHROPIC_BASE_URL": self.model.url,
            "CLAUDE_CODE_OAUTH_TOKEN": "not-a-real-token",
            "FORGE_LOOP_SCHEDULING_TICK_SECONDS": "0.3",
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "forge_loop", *words],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self, *words: str, status: int = 0) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == status, (words, out, err)
        return out

    def reads(self, *words: str, status: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.says(*words, "--json", status=status))
        return answer

    def codes(self, issue: int) -> list[str]:
        return [reason["code"] for reason in self.reads("explain", str(issue))["reasons"]]

    def origin(self) -> Path:
        return Path(git(self.project, "remote", "get-url", "forge"))


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    git(project, "init", "-q")
    (project / "test_it.py").write_text(
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self) -> None:\n        pass\n"
    )
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    entered, go = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        if "overall" in request.report_fields:
            return report(APPROVAL)
        if request.step == 0:
            entered.set()
            return Reply(tools=(("Bash", {"command": "echo looking around"}),), until=go, wait=SECONDS)
        return (
            use("Bash", command=commit_command({"hello.txt": "Hello.\n"}, "Say hello"))
            if request.turn <= 1
            else report(WORK)
        )

    with ScriptedModel(answer) as model:
        yield Operator(project, home, model, entered, go)


def prepare(operator: Operator) -> int:
    operator.says("init", "--forge", "local", "--yes")
    text = (operator.project / "forge-loop.yaml").read_text()
    assert "checks:" in text
    (operator.project / "issue.md").write_text(FULL_BODY)
    operator.says("issue", "add", "Say hello", "-F", "issue.md")
    return 1


def test_an_operator_gets_a_merge_and_explain_says_all_that_is_so(operator: Operator) -> None:
    issue = prepare(operator)
    head = git(operator.project, "rev-parse", "HEAD")
    assert "not_approved" in operator.codes(issue)
    operator.says("issue", "approve", str(issue))
    assert "loop_not_running" in operator.codes(issue)
    assert operator.reads("status", status=3)["loop"]["state"] == "stopped"
    run = operator.start("run", "--until-idle")
    assert operator.entered.wait(SECONDS)
    during = operator.reads("explain", str(issue))
    status = operator.reads("status")
    operator.go.set()
    told = run.communicate(timeout=SECONDS)
    assert run.returncode == 0, told
    assert during["state"] == "working"
    assert during["running"]
    assert status["loop"]["state"] == "running"
    assert status["sessions"][0]["role"] == "worker"
    assert status["jobs"] == {"working": 1}
    assert operator.codes(issue) == ["merged"]
    assert git(operator.origin(), "log", "--format=%s", "main").splitlines() == ["Say hello (#1)", "first"]
    assert git(operator.project, "rev-parse", "HEAD") == head
    assert not (operator.project / "hello.txt").exists()


def test_a_kill_in_the_middle_of_a_session_costs_nothing_and_merges_once(operator: Operator) -> None:
    issue = prepare(operator)
    operator.says("issue", "approve", str(issue))
    first = operator.start("run", "--until-idle")
    assert operator.entered.wait(SECONDS)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=SECONDS)
    operator.go.set()
    operator.says("run", "--until-idle")
    assert operator.reads("explain", str(issue))["state"] == "merged"
    assert git(operator.origin(), "log", "--format=%s", "main").splitlines() == ["Say hello (#1)", "first"]
    attempts = operator.reads("attempts", str(issue))["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1]
