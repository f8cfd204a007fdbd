"""Why an issue is, is not, or not yet being worked on, and what happens next.

Owns: putting every reason that holds into one answer. Must not: hold a rule of its own; the reasons come from the
functions that decide (`approval`, `dispatch`), so this is never a second opinion.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.job import Job, JobState
from forge_loop.domain.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainFacts:
    """`job` is the issue's newest. `intake` is None where the tracker could not be read, `role` an open session's,
    `overlap` the job at work that it meets, `pace` the limit that slows the loop to `slots_total`."""

    issue: int
    title: str
    job: Job | None
    approval_live: bool
    intake: tuple[Reason, ...] | None
    caps: tuple[Reason, ...]
    dispatch: tuple[Reason, ...]
    loop_running: bool
    slots_used: int
    slots_total: int
    role: str | None
    base_problem: str | None
    overlap: Reason | None = None
    pace: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    issue: int
    title: str
    state: JobState | None
    running: bool
    reasons: tuple[Reason, ...]
    next: str


def explain(facts: ExplainFacts) -> Explanation:
    """Every reason that holds, and the next thing that happens or that someone must do."""
    job = facts.job
    if job is None or (job.state.terminal and not facts.approval_live and not _done(facts, job)):
        reasons, following = _not_a_job(facts)
    elif job.state.terminal:
        reasons, following = _ended(facts, job)
    else:
        reasons, following = _live(facts, job)
    if facts.base_problem is not None and (job is None or not job.state.terminal):
        reasons = [*reasons, Reason(code="base_diverged", text=facts.base_problem)]
    running = facts.loop_running and job is not None and job.state.active
    return Explanation(
        issue=facts.issue,
        title=facts.title,
        state=job.state if job is not None else None,
        running=running,
        reasons=tuple(reasons),
        next=following,
    )


def _done(facts: ExplainFacts, job: Job) -> bool:
    """Merged, and not opened and approved anew."""
    return job.state is JobState.MERGED and facts.intake != ()


def _not_a_job(facts: ExplainFacts) -> tuple[list[Reason], str]:
    waiting = [*_loop(facts), *facts.caps, *facts.dispatch]
    before = [Reason(code=f"was_{facts.job.state}", text=_last_words(facts.job))] if facts.job is not None else []
    if facts.intake is None:
        text = "the tracker could not be read, so it is not known whether it is eligible"
        following = "forge-loop doctor --only tracker says what is wrong with it"
        if facts.loop_running:
            following += "; the next tick reads it again"
        return [Reason(code="unknown", text=text), *waiting, *before], following
    if facts.intake:
        return [*facts.intake, *waiting, *before], _cure(facts.intake, facts.issue)
    if not waiting:
        waiting = [Reason(code="eligible", text="it is approved and waits to be taken in")]
    return [*waiting, *before], _taken_in(facts)


def _taken_in(facts: ExplainFacts) -> str:
    if not facts.loop_running:
        return "forge-loop run"
    return "it becomes a job once the cap allows it" if facts.caps else "it becomes a job at the next tick"


def _last_words(job: Job) -> str:
    return job.reason or f"it is {job.state.replace('_', ' ')}"


def _loop(facts: ExplainFacts) -> list[Reason]:
    return [] if facts.loop_running else [Reason(code="loop_not_running", text="no loop is running")]


def _cure(refusals: tuple[Reason, ...], issue: int) -> str:
    codes = {reason.code for reason in refusals}
    if "hidden_text" in codes:
        return f"read it, then: forge-loop issue approve {issue} --accept-hidden"
    if codes & {"not_approved", "edited", "blocked_label"}:
        return f"forge-loop issue approve {issue}"
    return "mend what the reasons name"


def _ended(facts: ExplainFacts, job: Job) -> tuple[list[Reason], str]:
    reason = Reason(code=str(job.state), text=_last_words(job))
    if job.state is JobState.MERGED:
        return [reason], "nothing: it is done"
    return [reason, *(facts.intake or ())], f"forge-loop issue approve {facts.issue} starts it again"


def _live(facts: ExplainFacts, job: Job) -> tuple[list[Reason], str]:
    reasons = _loop(facts)
    if job.state.active:
        what = f"the {facts.role} is at it" if facts.role else job.waits_for or "between two sessions"
        reasons.append(Reason(code=str(job.state), text=f"it is {job.state}, round {job.round}: {what}"))
        return reasons, NEXT[job.state] if facts.loop_running else "forge-loop run goes on where it stopped"
    reasons.extend(facts.dispatch)
    reasons.extend(reason for reason in (facts.pace, facts.overlap) if reason is not None)
    if job.state is not JobState.QUEUED:
        text = f"it is {job.state}" + (f": {job.reason}" if job.reason else "")
        reasons.append(Reason(code=str(job.state), text=text, until=job.not_before))
    elif facts.slots_used >= facts.slots_total > 0:
        text = f"all {facts.slots_total} slots are taken"
        reasons.append(Reason(code="no_free_slot", text=text))
    elif not reasons:
        reasons.append(Reason(code="queued", text="it waits to be claimed"))
    return reasons, NEXT[job.state] if facts.loop_running else "forge-loop run"


NEXT = {
    JobState.QUEUED: "a free slot claims it",
    JobState.EXPANDING: "the expanded spec goes to a worker",
    JobState.WORKING: "its commit is harvested and checked",
    JobState.REVISING: "its new commit is harvested and checked",
    JobState.CHECKING: "green goes on to a pull request, red goes back to the worker",
    JobState.PUBLISHING: "the critic reviews the pull request",
    JobState.REVIEWING: "an approval leads to the merge gate",
    JobState.MERGING: "it is merged if every condition of the gate holds",
    JobState.COOLING: "a new attempt starts when the wait is over",
    JobState.PARKED: "the same attempt goes on when the wait is over, or after forge-loop resume",
}
