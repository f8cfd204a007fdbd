"""Errands of a job: slow work done for it beside the runner's thread.

Owns: that nothing is handed over for a job that has moved meanwhile. Must not: know what the work is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from forge_loop.domain.job import Job
from forge_loop.runner.context import Context, errand_key
from forge_loop.runner.errand_failure import fail_errand, stands

Outcome = TypeVar("Outcome")


def start(context: Context, job: Job, act: Callable[[], Outcome], then: Callable[[Outcome], None]) -> None:
    """Run `act` in a thread. If the job still stands where it stood, `then` gets what it brought back.

    A job may have been killed, skipped or yielded meanwhile; then what comes back is dropped, an error too.
    """

    def deliver(outcome: Outcome) -> None:
        if stands(context, job):
            then(outcome)

    context.errands.start(errand_key(job), act, then=deliver, failed=lambda error: fail_errand(context, job, error))
