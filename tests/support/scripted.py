"""Scripts for the scripted model: what workers, critics and the others say through the real Claude Code.

Owns: small builders of answers. Must not: know the loop; roles are told apart by the report they are asked for.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from forge_loop.rehearsal.model import Answer, Reply, Request, holds_prompt, report, use

WORK: Mapping[str, Any] = {"status": "done", "summary": "did what was asked", "tests_run": [], "notes": ""}
APPROVAL: Mapping[str, Any] = {"overall": "approve", "findings": [], "reviewed": ["the whole change"]}


def play(*replies: Reply) -> Answer:
    """One reply after the other since the newest prompt; the last is repeated."""
    return lambda request: replies[min(request.turn, len(replies) - 1)]


def rounds(*answers: Answer) -> Answer:
    """The first answer until the session is resumed with a new prompt, then the second, and so on."""

    def answer(request: Request) -> Reply:
        prompts = [entry for entry in request.body["messages"] if holds_prompt(entry)]
        return answers[min(len(prompts), len(answers)) - 1](request)

    return answer


def worker(files: Mapping[str, str], *, message: str = "Do what was asked", fields: Mapping[str, Any] = WORK) -> Answer:
    """Writes the files, commits them in one command and reports."""
    return play(use("Bash", command=commit_command(files, message)), report(fields))


def commit_command(files: Mapping[str, str], message: str) -> str:
    lines = ["set -e"]
    for path, text in files.items():
        encoded = base64.b64encode(text.encode()).decode()
        lines.append(f'mkdir -p "$(dirname {shlex.quote(path)})"')
        lines.append(f"echo {encoded} | base64 -d > {shlex.quote(path)}")
    lines.append(f"git add -- {shlex.join(files)}")
    lines.append(f"git commit -q -m {shlex.quote(message)}")
    return "\n".join(lines)


def critic(verdict: Mapping[str, Any] = APPROVAL) -> Answer:
    return play(report(verdict))


def findings(*texts: str, severity: str = "sev2", category: str = "correctness") -> Mapping[str, Any]:
    """A verdict that asks for changes."""
    entries: Sequence[Mapping[str, Any]] = [
        {"severity": severity, "category": category, "file": None, "line": None, "message": text} for text in texts
    ]
    return {"overall": "request_changes", "findings": entries, "reviewed": ["the whole change"]}


def by_report(answers: Mapping[str, Answer]) -> Answer:
    """The answer whose name is a field of the report asked for: `status` for workers, `overall` for critics."""

    def answer(request: Request) -> Reply:
        for name, chosen in answers.items():
            if name in request.report_fields:
                return chosen(request)
        raise LookupError(f"no script for a report of {sorted(request.report_fields)!r}")

    return answer
