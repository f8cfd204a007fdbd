"""The worker's stage: workspace, session, harvest, for a first round and for every revision.

Owns: what a job in WORKING or REVISING does next. Must not: judge the candidate (check and critique do).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from forge_loop.config.model import MergeMethod
from forge_loop.domain.candidate import Harvest, Taken, taken
from forge_loop.domain.events import CandidateHarvested, CandidateRefused, HookFailed
from forge_loop.domain.job import FailureKind, Job, JobState, SessionRow
from forge_loop.domain.outward import cut
from forge_loop.domain.overlap import MOST_PATHS
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.status_note import LONGEST_REASON
from forge_loop.domain.worker_report import WORKER_SCHEMA, WorkerReport, WorkerStatus, parse_worker_report
from forge_loop.runner import effects, ending, hooks, job_errands, outcome, prompts, revise, sessions
from forge_loop.runner.context import Context
from forge_loop.store import EffectRow, EffectState

NOTES_FILE = "CLAUDE.md"


def advance(context: Context, job: Job) -> None:
    """Take the next step of a job that is being worked on."""
    rounds = sessions.of_round(context, job, Role.WORKER)
    last = rounds[-1] if rounds else None
    if last is None:
        _open_round(context, job, "revise" if job.round else "begin")
    elif last.ended_at is None:
        return
    elif last.acted_on:
        _open_round(context, job, "resume")
    elif hooks.owed_after(context, last):
        _after_run(context, job, last)
    elif last.outcome is SessionOutcome.DONE:
        _read_report(context, job, last)
    else:
        outcome.fail_by(context, job, last)


def _open_round(context: Context, job: Job, purpose: str) -> None:
    workspace = _workspace(context, job)
    if workspace is None:
        return
    job_errands.start(
        context,
        job,
        lambda: _prepare(context, job, workspace),
        then=lambda notes: _start(context, job, purpose, workspace, notes),
    )


def _workspace(context: Context, job: Job) -> Path | None:
    """The job's clone once it is there. A round after a conflict gets a new one, which holds the newest base."""
    assert job.base_sha is not None
    path = context.workspace(job, "work")
    detail = {
        "path": str(path),
        "sha": job.head_sha or job.base_sha,
        "branch": job.branch,
        "base_sha": job.base_sha,
    }
    row = _creation(context, job, detail)
    if "hook" in (row.result or {}):
        ending.fail(context, job, FailureKind.CONFIGURATION, (row.result or {})["hook"])
        return None
    if row.state is EffectState.FAILED:
        refused = (row.result or {}).get("refused")
        ending.fail(context, job, FailureKind.WORKER_FAILED, f"the workspace could not be made: {refused}")
    return path if row.state is EffectState.DONE else None


def _creation(context: Context, job: Job, detail: dict[str, Any]) -> EffectRow:
    """The effect that makes the clone. One whose hook failed, and for which the job rested since, is made anew."""
    name, again = f"{job.attempt}-{job.base_sha}", 0
    while True:
        row = effects.plan(context, job, "workspace.create", f"{name}-{again}" if again else name, detail)
        rested = row.ended_at is not None and job.updated_at >= row.ended_at
        if "hook" not in (row.result or {}) or not rested:
            return row
        again += 1


def _after_run(context: Context, job: Job, row: SessionRow) -> None:
    """The operator's hook after a session. Its failure is recorded and changes nothing."""
    workspace = context.workspace(job, "work")
    context.hooked.add(row.id)

    def ran(problem: str | None) -> None:
        if problem is not None:
            with context.store.transaction():
                context.tell(HookFailed(hook="after_run", reason=problem), job, session=row.session)

    job_errands.start(context, job, lambda: hooks.after_run(context, workspace), then=ran)


def _prepare(context: Context, job: Job, workspace: Path) -> str:
    """In a thread: the operator's hook, then the notes that the brief carries."""
    hooks.before_run(context, workspace)
    return _notes(context, job)


def _notes(context: Context, job: Job) -> str:
    """The repository's own notes for agents, from the base commit and never from the worker's tree."""
    return context.workspaces.read_file(sha=job.base_sha or "", path=NOTES_FILE) or ""


def _start(context: Context, job: Job, purpose: str, workspace: Path, notes: str) -> None:
    earlier = context.store.sessions.last("attempt = ? AND role = ?", job.attempt or 0, Role.WORKER)
    config = context.private(job, Role.WORKER) / "config"
    resume = earlier.session if earlier and context.agents.resumable(earlier.session, config) else None
    extra = _told(context, job, purpose)
    prompt = extra if resume else "\n\n".join(part for part in (prompts.worker(context, job, notes), extra) if part)
    opening = sessions.Opening(
        role=Role.WORKER,
        purpose=purpose,
        workspace=workspace,
        prompt=prompt,
        report_schema=WORKER_SCHEMA,
        settings=context.settings.worker,
        resume=resume,
    )
    sessions.begin(context, job, opening)


def _told(context: Context, job: Job, purpose: str) -> str:
    """What a session is told beside the brief. One that was cut off may not have kept what its round was for."""
    match purpose:
        case "begin":
            return ""
        case "finish":
            return prompts.FINISH
        case "resume" if job.round == 0:
            return prompts.RESUME
        case "resume":
            return f"{prompts.RESUME}\n\n{prompts.revision(context, job)}"
        case _:
            return prompts.revision(context, job)


def _read_report(context: Context, job: Job, row: SessionRow) -> None:
    report = parse_worker_report(sessions.report_of(row))
    if report is None:
        ending.fail(context, job, FailureKind.NO_REPORT, "the worker's report is not what was asked for")
    elif report.status is WorkerStatus.BLOCKED:
        ending.end(context, job, JobState.GIVEN_UP, f"the worker is blocked: {_said(report)}")
    elif report.status is WorkerStatus.SUPERSEDED:
        ending.end(context, job, JobState.HANDED_OVER, f"the worker says it is superseded: {_said(report)}")
    else:
        _harvest(context, job, row)


def _said(report: WorkerReport) -> str:
    """Its summary as a reason: whole in the session's row, and of bounded length wherever reasons go."""
    return cut(report.summary, LONGEST_REASON)


def _harvest(context: Context, job: Job, row: SessionRow) -> None:
    began = context.store.attempts.get(job.attempt or 0).base_sha or ""
    job_errands.start(
        context,
        job,
        lambda: _look(context, job, began),
        then=lambda found: _harvested(context, job, row, *found),
    )


def _look(context: Context, job: Job, began: str) -> tuple[Harvest, bool]:
    """In a thread: the harvest, and whether it leaves out the base that it was to be merged with."""
    base, workspaces = job.base_sha or "", context.workspaces
    harvest = workspaces.harvest(
        context.workspace(job, "work"),
        ref=f"{job.issue}/{job.attempt}",
        base_sha=base,
        protected=context.settings.merge.protected,
    )
    sha = harvest.commit
    if sha is None or base == began or workspaces.contains(sha=sha, other=base):
        return harvest, False
    return harvest, workspaces.contains(sha=sha, other=began)


def _harvested(context: Context, job: Job, row: SessionRow, harvest: Harvest, unmerged: bool) -> None:
    finishing = row.purpose == "finish"
    match taken(harvest, head_sha=job.head_sha, unmerged=unmerged, asked_to_finish=finishing):
        case Taken.REFUSED:
            _refuse(context, job, harvest)
        case Taken.UNFINISHED:
            _open_round(context, job, "finish")
        case Taken.NOTHING_NEW:
            ending.fail(context, job, FailureKind.NO_COMMIT, "the worker said it is done and committed nothing new")
        case Taken.UNRESOLVED:
            revise.again(context, job, FailureKind.CONFLICT, "it still conflicts with base, which is not merged in")
        case Taken.CANDIDATE:
            _accept(context, job, harvest)


def _refuse(context: Context, job: Job, harvest: Harvest) -> None:
    with context.store.transaction():
        context.tell(CandidateRefused(problems=harvest.problems), job)
        ending.fail(context, job, FailureKind.REFUSED_CANDIDATE, "; ".join(harvest.problems))


def _accept(context: Context, job: Job, harvest: Harvest) -> None:
    commit = harvest.commit or ""
    withheld = [f"it touches the protected path {path}" for path in harvest.protected]
    withheld += [f"it weakens tests: {what}" for what in harvest.weakened]
    if context.settings.merge.method is not MergeMethod.SQUASH:
        # Then the worker's own messages reach base, and a forge does what they say.
        foreign = [what for what in harvest.closes if what.lower() not in (f"#{job.issue}", f"gh-{job.issue}")]
        withheld += [f"a commit's message would close {what}" for what in foreign]
    event = CandidateHarvested(commit=commit, paths=harvest.paths[:50], lines_changed=harvest.lines_changed)
    with context.store.transaction():
        context.tell(event, job)
        context.store.jobs.move(
            job,
            JobState.CHECKING,
            at=context.now(),
            head_sha=commit,
            withheld=tuple(withheld),
            lines_changed=harvest.lines_changed,
            paths=harvest.paths[:MOST_PATHS],
        )
    context.moved_at = context.now()
