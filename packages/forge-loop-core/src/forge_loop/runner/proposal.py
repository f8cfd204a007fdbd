"""The spec expander's proposal where the operator wants to be asked: a note on the issue, then a new approval.

Owns: that note, and that one approved text gets one proposal. Must not: have a proposed text worked on; only a text
that a person approved is.
"""

from __future__ import annotations

from forge_loop.config.model import PoMode
from forge_loop.domain.events import SpecProposed
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.outward import cut, harmless
from forge_loop.domain.spec import missing_sections
from forge_loop.runner import ending, prompts
from forge_loop.runner.context import Context
from forge_loop.runner.effects import plan

REASON = "a spec is proposed; approve the new text"
NAME = "spec"
LONGEST_SHOWN = 60_000  # characters; made harmless, a text may be longer than it was


def asks(context: Context) -> bool:
    return context.settings.po.mode is PoMode.ASK


def proposed_before(context: Context, job: Job) -> bool:
    """Whether this very text has had its proposal: approved again as it stands, it is worked on as it stands."""
    sha256 = prompts.snapshot(context, job).sha256
    earlier = context.store.jobs.select("issue_key = ? AND id < ?", job.issue_key, job.id)
    return any(
        prompts.snapshot(context, before).sha256 == sha256
        and context.store.effects.last("key = ?", f"note/{before.id}/{NAME}") is not None
        for before in earlier
    )


def propose(context: Context, job: Job, spec: str) -> None:
    """Post the spec as the job's note and end the job: the next one starts from a new approval."""
    approval = prompts.snapshot(context, job)
    missing = missing_sections(approval.body)
    note = {"issue": job.issue, "key": f"job-{job.id}", "text": _text(job, missing, spec)}
    with context.store.transaction():
        context.tell(SpecProposed(missing=missing, characters=len(spec), sha256=approval.sha256), job)
        plan(context, job, "note", NAME, note)
        ending.end(context, job, JobState.CANCELLED, REASON)


def _text(job: Job, missing: tuple[str, ...], spec: str) -> str:
    lacking = f" (missing: {', '.join(missing)})" if missing else ""
    return (
        f"The approved text is thin{lacking}, so nothing was worked on. A spec is proposed below.\n\n"
        "Put what you want of it into the issue's text and approve that:\n\n"
        f"    forge-loop issue approve {job.issue}\n\n"
        f"Approved again as it is, the text is worked on as it is.\n\n{cut(harmless(spec), LONGEST_SHOWN)}"
    )
