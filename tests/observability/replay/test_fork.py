"""`forge-loop replay fork`: the real loop and the real Claude Code again, on the old base, and nothing else touched."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use
from support.runner_world import FULL_BODY, git
from support.scripted import APPROVAL, WORK, commit_command, findings

SECONDS = 100.0
MARK = "the-brief-that-is-tried"
OTHER_MODEL = "claude-sonnet-5-5"


@dataclass
class Past:
    """A project whose loop has merged one issue, after which its base went on."""

    project: Path
    state: Path
    model: ScriptedModel
    variables: dict[str, str]
    requests: list[Request] = field(default_factory=list)

    def says(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "forge_loop", *words],
            cwd=self.project,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def does(self, *words: str) -> str:
        done = self.says(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def forks(self, *words: str) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.does("replay", "fork", *words, "--json"))
        return made

    def untouched(self) -> dict[str, str]:
        """What a fork must leave as it is, each with its fingerprint."""
        kept = {
            "origin": git(self.state / "origin.git", "for-each-ref"),
            "control": git(self.state / "control.git", "for-each-ref"),
            "checkout": git(self.project, "status", "--porcelain") + git(self.project, "for-each-ref"),
            "events": hashlib.sha256((self.state / "events.jsonl").read_bytes()).hexdigest(),
            "attempts": self.does("attempts", "--json"),
            "sessions": self.does("replay", "list", "--json"),
        }
        for path in sorted((self.project / "backlog").rglob("*.md")):
            kept[path.name] = path.read_text()
        return kept


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    root = tmp_path_factory.mktemp("past")
    project, home = root / "project", root / "home"
    project.mkdir()
    home.mkdir()
    git(project, "init", "-q")
    (project / "README").write_text("a project\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        tried = MARK in request.prompt
        if "overall" in request.report_fields:
            return report(findings("it has no test") if tried else APPROVAL)
        if request.step == 0:
            files = {"hello.txt": "Hello.\n"} | ({"more.txt": "More.\nAnd more.\n"} if tried else {})
            return use("Bash", command=commit_command(files, "Say hello"))
        return report(WORK)

    with ScriptedModel(answer) as model:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": model.url,
            "CLAUDE_CODE_OAUTH_TOKEN": "not-a-real-token",
            "FORGE_LOOP_CHECKS": "['test -f README']",
            "FORGE_LOOP_SANDBOX_MODE": "off",
            "FORGE_LOOP_STATE_DIR": str(root / "state"),
        }
        made = Past(project, root / "state", model, variables, asked)
        made.does("init", "--yes")
        (root / "issue.md").write_text(FULL_BODY)
        made.does("issue", "add", "Say hello", "-F", str(root / "issue.md"), "--approve")
        made.does("run", "--until-idle")
        asked.clear()
        yield made


def brief(past: Past, tmp_path: Path, role: str) -> Path:
    """The role's own template with a mark in it."""
    path = tmp_path / f"{role}.md"
    path.write_text(past.does("brief", "show", role) + f"\n{MARK}\n")
    return path


def test_a_workers_attempt_starts_over_with_another_brief_and_nothing_else_is_touched(
    past: Past, tmp_path: Path
) -> None:
    past.requests.clear()
    before = past.untouched()
    made = past.forks("1", "--brief", str(brief(past, tmp_path, "worker")), "--n", "2")
    assert past.untouched() == before
    then, runs = made["original"], made["runs"]
    assert (then["outcome"], then["verdict"], then["files"]) == ("merged", "approve", ["hello.txt"])
    assert [(run["outcome"], run["verdict"], run["files"]) for run in runs] == [
        ("merged", "approve", ["hello.txt", "more.txt"])
    ] * 2
    assert [(run["added"], run["removed"]) for run in (then, *runs)] == [(1, 0), (3, 0), (3, 0)]
    assert [run["checks"]["test -f README"] for run in runs] == [True, True]
    assert made["spread"]["outcomes"] == {"merged": 2}
    assert made["spread"]["lines_changed"] == {"least": 3, "middle": 3, "most": 3}
    assert made["spread"]["seconds"]["least"] > 0
    place = Path(made["place"])
    assert place.parent == past.state / "replay"
    assert json.loads((place / "result.json").read_text())["runs"] == runs
    assert "+And more." in (place / "run-2.diff").read_text()
    assert len(list((place / "run-1").rglob("worker-*.jsonl"))) == 1
    assert not (place / "scratch").exists()
    seen = json.dumps([request.body for request in past.requests if "status" in request.report_fields])
    merged = git(past.state / "origin.git", "rev-parse", "--short", "main")
    assert MARK in seen
    assert merged not in seen, "a worker saw what was merged since"


@pytest.mark.long
def test_a_critic_reviews_the_same_commit_again(past: Past, tmp_path: Path) -> None:
    past.requests.clear()
    before = past.untouched()
    words = ("2", "--brief", str(brief(past, tmp_path, "critic")), "--model", OTHER_MODEL)
    made = past.forks(*words)
    assert past.untouched() == before
    (run,) = made["runs"]
    assert (run["outcome"], run["verdict"], run["findings"]) == ("failed", "request_changes", {"sev2": 1})
    assert run["sessions"] == {"critic": 1}
    assert run["files"] == ["hello.txt"]
    assert {request.model for request in past.requests} == {OTHER_MODEL}


@pytest.mark.long
def test_people_get_a_table_with_what_came_of_it_then(past: Past) -> None:
    done = past.says("replay", "fork", "1")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[0], row[1], row[2], row[8], row[9]) for row in rows] == [
        ("then", "merged", "approve", "+1 -0", "hello.txt"),
        ("run 1", "merged", "approve", "+1 -0", "hello.txt"),
    ]
    assert "kept in " in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "there is no session 'nothing'"),
        (("1", "--brief", "no-such-file"), "cannot read no-such-file"),
        (("1", "--n", "0"), "Invalid value for '--n'"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(past: Past, words: tuple[str, ...], said: str) -> None:
    before = sorted((past.state / "replay").glob("*"))
    done = past.says("replay", "fork", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted((past.state / "replay").glob("*")) == before


def test_a_brief_that_asks_for_what_there_is_not_leaves_nothing_behind(past: Past, tmp_path: Path) -> None:
    before = sorted((past.state / "replay").glob("*"))
    path = tmp_path / "bad.md"
    path.write_text("{{ no_such_name }}\n")
    done = past.says("replay", "fork", "1", "--brief", str(path))
    assert done.returncode == 2
    assert "no_such_name" in done.stderr
    assert sorted((past.state / "replay").glob("*")) == before
