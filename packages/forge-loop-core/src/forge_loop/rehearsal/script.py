"""The scripted model's answers: which role of which scene is asked, and what it says next.

Owns: telling roles, issues and rounds apart by what a session is really sent. Must not: keep state of its own, so that
a repeated request gets the same answer.
"""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from forge_loop.domain.events import JobMerged
from forge_loop.domain.recorded import Recorded
from forge_loop.ports import EventSink
from forge_loop.rehearsal.model import Reply, Request, report
from forge_loop.rehearsal.scenes import Reading, Round, Scene

ROLE = re.compile(r"You are the (\w+) of forge-loop")
ISSUE = re.compile(r"^# .* issue #(\d+)$", re.MULTILINE)
ROUND = re.compile(r"^Round (\d+): ", re.MULTILINE)
PATIENCE = 120.0

Tool = tuple[str, Mapping[str, Any]]


class Merges(EventSink):
    """An event sink that hears which issues are merged, for the worker that waits for one."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._merged = {number: threading.Event() for number in numbers}

    def emit(self, event: Recorded) -> None:
        if event.kind == JobMerged.kind and event.issue in self._merged:
            self._merged[event.issue].set()

    def of(self, number: int) -> threading.Event:
        return self._merged[number]


class Script:
    """Answers every request of the rehearsal's sessions. `python` runs the sample's tests."""

    def __init__(self, scenes: Iterable[Scene], *, python: str, merges: Merges) -> None:
        self._scenes = {scene.number: scene for scene in scenes}
        self._python = python
        self._merges = merges

    def __call__(self, request: Request) -> Reply:
        role, scene = self._place(request)
        if role == "worker":
            return self._work(scene, request)
        if role == "critic":
            return _read(scene.verdicts[_reviews_before(scene, request.prompt)], request)
        if role == "po" and scene.expansion is not None:
            return _read(scene.expansion, request)
        raise LookupError(f"the script has no {role} for issue {scene.number}")

    def _place(self, request: Request) -> tuple[str, Scene]:
        role, issue = ROLE.search(request.system), ISSUE.search(request.prompt)
        if role is None or issue is None:
            raise LookupError("this is no session of the rehearsal")
        return role[1], self._scenes[int(issue[1])]

    def _work(self, scene: Scene, request: Request) -> Reply:
        """Everything at once, then the report: a session costs by its start, and hardly by its turns."""
        asked = ROUND.search(request.latest)
        if asked is None and ISSUE.search(request.latest) is None:
            raise LookupError(f"the worker has no line for {request.latest[:200]!r}")
        number = int(asked[1]) if asked else 0
        played = scene.rounds[number]
        if request.turn > 0:
            return report(_work_report(played, request))
        wait = scene.after is not None and number == 0
        return Reply(
            text=played.says,
            tools=(*_reads(edit.file for edit in played.edits), *_changes(played), self._commit(played)),
            until=self._merges.of(scene.after) if wait and scene.after is not None else None,
            wait=PATIENCE if wait else 0.0,
        )

    def _commit(self, played: Round) -> Tool:
        tests = f"{shlex.quote(self._python)} -m unittest -q {played.tests}"
        command = f"{tests} && git add -A && git commit -q -m {shlex.quote(played.commit)}"
        return "Bash", {"command": command, "description": "Run the tests and commit"}


def _reviews_before(scene: Scene, brief: str) -> int:
    """Which review this is: a brief repeats what earlier ones found."""
    told = [any(finding["message"] in brief for finding in verdict.report["findings"]) for verdict in scene.verdicts]
    return sum(told)


def _read(reading: Reading, request: Request) -> Reply:
    return Reply(tools=tuple(_reads(reading.reads))) if request.turn == 0 else report(reading.report)


def _reads(files: Iterable[str]) -> list[Tool]:
    """Claude Code edits no file that it has not read. Relative paths are taken from the session's directory."""
    return [("Read", {"file_path": file}) for file in dict.fromkeys(files)]


def _changes(played: Round) -> list[Tool]:
    edits: list[Tool] = [
        ("Edit", {"file_path": edit.file, "old_string": edit.old, "new_string": edit.new}) for edit in played.edits
    ]
    return [*edits, *(("Write", {"file_path": write.file, "content": write.text}) for write in played.writes)]


def _work_report(played: Round, request: Request) -> Mapping[str, Any]:
    """A tool that failed is reported as it is: the rehearsal must not claim what did not happen."""
    failed = [result.text for result in request.results if result.is_error]
    if failed:
        return {"status": "blocked", "summary": failed[-1][:500], "tests_run": [], "notes": "a tool failed"}
    tests = [f"python3 -m unittest -q {played.tests}: passed"]
    return {"status": "done", "summary": played.summary, "tests_run": tests, "notes": ""}
