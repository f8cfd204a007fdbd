"""The checks on the untouched base: red or unrunnable there is misconfiguration and nobody's fault.

Owns: running them once on every new base, and telling when they are red and when green again. Must not: charge an
attempt, or run again what ran on this very commit as a merge result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.events import CheckFinished, LoopHalted, LoopResumed
from forge_loop.domain.retry import FIRST_DELAY
from forge_loop.ports import CommandResult
from forge_loop.runner.context import Context
from forge_loop.store import BaseCheckRow

KEY = "base-check"
CLONE = "base-check"


@dataclass(slots=True)
class BaseCheck:
    context: Context
    _again_at: datetime | None = None
    _resumed_at: datetime | None = None
    _asked_after: int | None = None
    _swept: bool = False
    _red: bool | None = None

    def look(self) -> None:
        """Start the checks that have not run on the base that was seen last. Dispatch waits for them."""
        context = self.context
        base = context.world.base_sha if context.world is not None else None
        waits = self._again_at is not None and self._again_at > context.now()
        if base is None or waits or context.errands.busy(KEY):
            return
        asked_after = self._since()
        # A merge may have told of this base while its checks were under way: the newest word counts, as at dispatch.
        newest = {row.command: row for row in context.store.base_checks.select("base_sha = ?", base)}
        ran = {command for command, row in newest.items() if row.passed or row.id > asked_after}
        missing = [command for command in context.settings.checks if command not in ran]
        if missing:
            context.errands.start(
                KEY,
                lambda: _run(context, base, missing),
                then=lambda results: record(context, base, results),
                failed=self._failed,
            )
        else:
            self._tell_green(base, newest)
            if not self._swept:
                self._sweep()
        self._swept = True

    def _tell_green(self, base: str, newest: Mapping[str, BaseCheckRow]) -> None:
        """What was told as red is told as green once it is, whoever mended it. A pause or a halt stands nonetheless."""
        was_red = self._red_at_last() if self._red is None else self._red
        self._red = not all(newest[command].passed for command in self.context.settings.checks)
        loop = self.context.store.loop()
        if was_red and not self._red and not loop.paused and loop.halt_reason is None:
            with self.context.store.transaction():
                self.context.tell(LoopResumed(reason=f"the checks are green on base {base[:12]}"))

    def _red_at_last(self) -> bool:
        """Whether the checks were red on the base that ran before this loop began."""
        table, since = self.context.store.base_checks, self._since()
        last = table.last("id <= ?", since)
        rows = table.select("base_sha = ? AND id <= ?", last.base_sha, since) if last is not None else []
        newest = {row.command: row for row in rows}
        return not all(row.passed for row in newest.values())

    def _sweep(self) -> None:
        """Remove what an earlier loop left that was cut off in a check; where checks are missing, they replace it."""
        path = self.context.layout.workspaces / CLONE
        self.context.errands.start(
            KEY, lambda: self.context.workspaces.remove(path), then=lambda _: None, failed=self._failed
        )

    def _since(self) -> int:
        """The last row before the loop's start or the operator's `resume`: what is red there may have been mended.

        Rows are counted, not timed: the clock may have been set back since.
        """
        resumed_at = self.context.store.loop().resumed_at
        if self._asked_after is None or resumed_at != self._resumed_at:
            last = self.context.store.base_checks.last("1")
            self._asked_after, self._resumed_at = (last.id if last is not None else 0), resumed_at
        return self._asked_after

    def _failed(self, error: Exception) -> None:
        self._again_at = self.context.now() + FIRST_DELAY
        self.context.on_fault(KEY, error)


def _run(context: Context, base: str, commands: Sequence[str]) -> list[tuple[str, CommandResult]]:
    path, results = context.layout.workspaces / CLONE, []
    for command in commands:
        context.workspaces.create(path, sha=base, branch="base-check", base_sha=base)
        result = context.commands.run(command, directory=path, timeout=context.settings.check_timeout)
        results.append((command, result))
    context.workspaces.remove(path)
    return results


def record(context: Context, base: str, results: Sequence[tuple[str, CommandResult]]) -> None:
    """Keep what the checks said of a base, and say so where they are red."""
    with context.store.transaction():
        for command, result in results:
            context.store.base_checks.insert(
                base_sha=base,
                command=command,
                passed=result.passed,
                status=result.status,
                output=result.output,
                seconds=round(result.seconds, 3),
                at=context.now(),
            )
            finished = CheckFinished(
                command=command,
                status=result.status,
                seconds=round(result.seconds, 3),
                head_sha=base,
                base_sha=base,
            )
            context.tell(finished)
            if not result.passed:
                told = f"`{command}` fails on the untouched base {base[:12]}:\n{result.output[-2000:]}"
                context.tell(LoopHalted(reason=told))
