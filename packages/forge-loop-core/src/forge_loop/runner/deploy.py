"""The operator's deploy command after a merge, at most once for each merge commit.

Owns: the clean clone it runs in, what it is told, what its end means for dispatch. Must not: run one again whose
outcome is not known.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forge_loop.domain.deploy import FAILURES_THAT_HALT, DeployStatus, halt_reason
from forge_loop.domain.events import DeployFinished, Event, LoopHalted
from forge_loop.domain.job import Job
from forge_loop.ports import CommandResult
from forge_loop.runner.context import Context
from forge_loop.runner.hooks import SHOWN_CHARACTERS
from forge_loop.store import EffectRow

KIND = "deploy"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def intent(context: Context, job: Job) -> dict[str, Any]:
    """What the journal keeps of a deploy that is to be: the command as it is set at the merge."""
    settings = context.settings.deploy
    return {
        "commit": job.merged_sha,
        "command": settings.command,
        "timeout": settings.timeout,
        "environment": list(settings.environment),
        "confined": settings.confined,
        "path": str(context.workspace(job, "deploy")),
        "variables": {
            "FORGE_LOOP_COMMIT": job.merged_sha,
            "FORGE_LOOP_BASE": context.base,
            "FORGE_LOOP_ISSUE": str(job.issue),
            "FORGE_LOOP_PULL_REQUEST": str(job.pull_request or ""),
        },
    }


def act(context: Context, detail: Mapping[str, Any]) -> dict[str, Any]:
    """In a thread: run it in a clean clone of the merge commit."""
    path, commit = Path(detail["path"]), detail["commit"]
    context.workspaces.fetch()
    context.workspaces.create(path, sha=commit, branch="deploy", base_sha=commit)
    command = f"export {_variables(detail)}\n{detail['command']}"
    result = context.commands.run(
        command,
        directory=path,
        timeout=detail["timeout"],
        passing=tuple(detail["environment"]),
        confined=detail["confined"],
    )
    context.workspaces.remove(path)
    return {
        "status": _status(result),
        "exit_status": result.status,
        "seconds": round(result.seconds, 3),
        "output": result.output[-SHOWN_CHARACTERS:],
    }


def look(_context: Context, _detail: Mapping[str, Any]) -> dict[str, Any]:
    """It was begun, and nothing tells how it ended."""
    return {"status": DeployStatus.UNKNOWN, "exit_status": None, "seconds": 0.0, "output": ""}


def tells(detail: Mapping[str, Any], result: Mapping[str, Any]) -> Sequence[Event]:
    return (DeployFinished(commit=detail["commit"], **result),)


def waits(context: Context, row: EffectRow) -> bool:
    """Deploys run one at a time, in the order of the merges."""
    return bool(context.store.effects.select("kind = ? AND state IN ('intended', 'acting') AND id < ?", KIND, row.id))


def ended(context: Context, row: EffectRow) -> None:
    """Within the transaction that records its end: halt dispatch where a person must look."""
    since = context.store.loop().resumed_at or BEGINNING
    rows = context.store.effects.select(
        "kind = ? AND state = 'done' AND ended_at > ?", KIND, since, order="id DESC", limit=FAILURES_THAT_HALT
    )
    by_hand = f"{_variables(row.detail)} sh -c {shlex.quote(row.detail['command'])}"
    statuses = [DeployStatus((done.result or {})["status"]) for done in (row, *(r for r in rows if r.id != row.id))]
    reason = halt_reason(statuses, commit=row.detail["commit"], by_hand=by_hand)
    if reason is not None and context.store.loop().halt_reason is None:
        context.store.update_loop(halt_reason=reason)
        context.tell(LoopHalted(reason=reason), context.store.jobs.get(row.job))


def _variables(detail: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in detail["variables"].items())


def _status(result: CommandResult) -> DeployStatus:
    if result.status is None:
        return DeployStatus.TIMED_OUT
    return DeployStatus.SUCCEEDED if result.passed else DeployStatus.FAILED
