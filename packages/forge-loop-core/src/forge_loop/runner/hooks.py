"""The operator's hooks around a worker: `hooks.after_create`, `hooks.before_run`, `hooks.after_run`.

Owns: running one in the worker's clone, its time limit, and what its failure means. Must not: take a command from
anywhere but the operator's settings.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.config.model import HOOK_SECONDS
from forge_loop.domain.job import SessionRow
from forge_loop.errors import OperatorError
from forge_loop.ports import CommandResult
from forge_loop.runner.context import Context

SHOWN_CHARACTERS = 2000


def after_create(context: Context, workspace: Path) -> str | None:
    """Prepare a new clone. Why it failed, or None. Runs in a thread, as part of making the clone."""
    return _run(context, "after_create", context.settings.hooks.after_create, workspace)


def before_run(context: Context, workspace: Path) -> None:
    """Before a worker's session. Runs in a thread; raises OperatorError with the output if it failed."""
    problem = _run(context, "before_run", context.settings.hooks.before_run, workspace)
    if problem is not None:
        raise OperatorError(problem)


def owed_after(context: Context, session: SessionRow) -> bool:
    """Whether `after_run` has not run yet for a session that ended. After a crash it may run once more."""
    return bool(context.settings.hooks.after_run) and session.id not in context.hooked


def after_run(context: Context, workspace: Path) -> str | None:
    """After a worker's session. Why it failed, or None. Runs in a thread."""
    return _run(context, "after_run", context.settings.hooks.after_run, workspace)


def _run(context: Context, name: str, command: str, directory: Path) -> str | None:
    if not command:
        return None
    result = context.commands.run(command, directory=directory, timeout=HOOK_SECONDS)
    return None if result.passed else _problem(name, command, result)


def _problem(name: str, command: str, result: CommandResult) -> str:
    how = f"ran longer than {HOOK_SECONDS:.0f} s" if result.status is None else f"ended with status {result.status}"
    return f"hooks.{name} `{command}` {how}:\n{result.output[-SHOWN_CHARACTERS:]}"
