"""Two repositories of one's own under one `repos run`. Real CLI, SDK, git and SQLite; only the model is scripted."""

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

SECONDS = 110.0


@dataclass
class Operator:
    """An operator with two repositories and one slot."""

    root: Path
    model: ScriptedModel
    entered: threading.Event
    go: threading.Event

    def start(self, *words: str, at: str = ".") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "forge_loop", *words],
            cwd=self.root / at,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.root / "home"),
                "ANTHROPIC_BASE_URL": self.model.url,
                "CLAUDE_CODE_OAUTH_TOKEN": "not-a-real-token",
                "FORGE_LOOP_SCHEDULING_TICK_SECONDS": "0.3",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self, *words: str, status: int = 0, at: str = ".") -> str:
        process = self.start(*words, at=at)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == status, (words, out, err)
        return out

    def reads(self, *words: str, status: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.says(*words, "--json", status=status))
        return answer

    def merged(self, name: str) -> list[str]:
        origin = git(self.root / name, "remote", "get-url", "forge")
        return git(Path(origin), "log", "--format=%s", "main").splitlines()


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    (tmp_path / "home").mkdir()
    (tmp_path / "issue.md").write_text(FULL_BODY)
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
        operator = Operator(tmp_path, model, entered, go)
        for name in ("shop", "blog"):
            project = tmp_path / name
            project.mkdir()
            git(project, "init", "-q")
            (project / "forge-loop.yaml").write_text('checks: ["true"]\n')
            git(project, "add", "-A")
            git(project, "commit", "-q", "-m", "first")
            operator.says("init", "--force", "--yes", at=name)
            (project / "forge-loop.yaml").write_text('checks: ["test -f forge-loop.yaml"]\n')
            operator.says("issue", "add", "Say hello", "-F", "../issue.md", "--approve", at=name)
            operator.says("repos", "add", str(project))
        fleet = tmp_path / "home/.config/forge-loop/repos.yaml"
        fleet.write_text(fleet.read_text().replace("slots: 4", "slots: 1"))
        yield operator


@pytest.mark.long
def test_two_repositories_share_one_slot_and_a_killed_fleet_goes_on_where_it_was(operator: Operator) -> None:
    assert [each["repository"] for each in operator.reads("repos", "plan")["next"]] == ["blog"]
    first = operator.start("repos", "run")
    assert operator.entered.wait(SECONDS)
    status = operator.reads("repos", "status")
    assert status["slots"] == {"used": 1, "total": 1}
    waiting = next(each["name"] for each in status["repositories"] if not each["loop"]["sessions"])
    why = operator.reads("repos", "explain", waiting, "1")
    assert "all 1 slots of the fleet are taken" in [reason["text"] for reason in why["reasons"]]
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=SECONDS)
    operator.go.set()
    operator.says("repos", "run", "--until-idle")
    assert [operator.merged(name) for name in ("shop", "blog")] == [["Say hello (#1)", "first"]] * 2
    assert operator.reads("repos", "status", status=3)["fleet"]["state"] == "stopped"
