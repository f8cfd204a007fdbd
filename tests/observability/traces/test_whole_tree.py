"""`forge-loop run` with a collector, the real Claude Code and the real SDK: one tree from the job to its tool calls."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use
from support.otlp_receiver import Receiver
from support.runner_world import FULL_BODY, git
from support.scripted import APPROVAL, WORK, commit_command
from support.traced import tree

SECONDS = 100.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def answer(request: Request) -> Reply:
    if "overall" in request.report_fields:
        return use("Glob", pattern="*.txt") if request.step == 0 else report(APPROVAL)
    if request.step == 0:
        return use("Bash", command=commit_command({"hello.txt": "Hello.\n"}, "Say hello"))
    return report(WORK)


def test_a_run_is_one_tree_down_to_the_tool_calls(tmp_path: Path, receiver: Receiver) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    git(project, "init", "-q")
    (project / "README").write_text("a project\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    with ScriptedModel(answer) as model:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": model.url,
            "CLAUDE_CODE_OAUTH_TOKEN": "not-a-real-token",
            "FORGE_LOOP_CHECKS": "['test -f README']",
            "FORGE_LOOP_SANDBOX_MODE": "off",
            "FORGE_LOOP_SINKS": f"{{otel: {{endpoint: '{receiver.url}'}}}}",
        }

        def says(*words: str) -> None:
            command = [sys.executable, "-m", "forge_loop", *words]
            done = subprocess.run(
                command, cwd=project, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            assert done.returncode == 0, done.stderr

        (project / "issue.md").write_text(FULL_BODY)
        says("init", "--yes")
        says("issue", "add", "Say hello", "-F", "issue.md", "--approve")
        says("run", "--until-idle")
    spans = receiver.until(lambda found: any(span.name == "invoke_workflow issue" for span in found))
    assert {span.service for span in spans} == {"forge-loop", "claude-code"}
    assert len({span.trace for span in spans}) == 1
    lines = tree((span.span, span.parent, span.start, span.name) for span in spans)
    assert lines[0] == "invoke_workflow issue"
    assert [line for line in lines if line.startswith("  ") and line[2] != " "] == [
        "  invoke_agent worker",
        "  checks",
        "  checks",
        "  push",
        "  open_pull_request",
        "  review",
        "  invoke_agent critic",
        "  merge",
    ]
    worker = lines[lines.index("  invoke_agent worker") : lines.index("  checks")]
    assert "    claude_code.interaction" in worker
    assert "      claude_code.tool" in worker
