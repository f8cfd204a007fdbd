"""The spec expander's stage: a thin spec becomes a working spec; the original stays in the approval.

Owns: what a job in EXPANDING does next. Must not: score a spec (`domain.spec` does).
"""

from __future__ import annotations

from forge_loop.domain.events import SpecExpanded
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.spec import EXPANSION_SCHEMA, missing_sections, parse_expansion
from forge_loop.runner import effects, ending, outcome, prompts, proposal, sessions
from forge_loop.runner.clones import with_clone
from forge_loop.runner.context import Context


def advance(context: Context, job: Job) -> None:
    """Start the PO's session, or take its spec."""
    rows = sessions.of_round(context, job, Role.PO)
    last = rows[-1] if rows else None
    if last is None or last.acted_on:
        if effects.removing(context, job):
            return
        with_clone(context, job, "spec", job.base_sha or "", lambda: _start(context, job))
    elif last.ended_at is None:
        return
    elif last.outcome is SessionOutcome.DONE:
        _take(context, job, parse_expansion(sessions.report_of(last)))
    else:
        outcome.fail_by(context, job, last)


def _start(context: Context, job: Job) -> None:
    opening = sessions.Opening(
        role=Role.PO,
        purpose="expand",
        workspace=context.workspace(job, "spec"),
        prompt=prompts.po(context, job),
        report_schema=EXPANSION_SCHEMA,
        settings=context.settings.po,
    )
    sessions.begin(context, job, opening)


def _take(context: Context, job: Job, spec: str | None) -> None:
    if spec is None:
        ending.fail(context, job, FailureKind.NO_REPORT, "the spec expander's report is not what was asked for")
        return
    if proposal.asks(context):
        proposal.propose(context, job, spec)
        return
    missing = missing_sections(prompts.snapshot(context, job).body)
    with context.store.transaction():
        context.tell(SpecExpanded(missing=missing, characters=len(spec)), job)
        context.store.jobs.move(job, JobState.WORKING, at=context.now(), spec=spec)
    context.moved_at = context.now()
