"""The worker's stage: workspace, session, harvest, for a first round and for every revision.

Owns: what a job in WORKING or REVISING does next. Must not: judge the candidate (check and critique do).
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.domain.candidate import Harvest
from forge_loop.domain.events import CandidateHarvested, CandidateRefused
from forge_loop.domain.job import FailureKind, Job, JobState, SessionRow
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.worker_report import WORKER_SCHEMA, WorkerStatus, parse_worker_report
from forge_loop.runner import effects, ending, job_errands, outcome, prompts, sessions
from forge_loop.runner.context import Context
from forge_loop.store import EffectState

NOTES_FILE = "CLAUDE.md"


def advance(context: Context, job: Job) -> None:
    """Take the next step of a job that is being worked on."""
    rounds = sessions.of_round(context, job, Role.WORKER)
    last = rounds[-1] if rounds else None
    if last is None:
        _open_round(context, job, "revise" if job.round else "begin")
    elif last.ended_at is None:
        return
    elif last.outcome is SessionOutcome.DONE:
        _read_report(context, job, last)
    elif outcome.acted_on(last, job):
        _open_round(context, job, "resume")
    else:
        outcome.fail_by(context, job, last)


def _open_round(context: Context, job: Job, purpose: str) -> None:
    workspace = _workspace(context, job)
    if workspace is None:
        return
    job_errands.start(
        context,
        job,
        lambda: _notes(context, job),
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
    row = effects.plan(context, job, "workspace.create", f"{job.attempt}-{job.base_sha}", detail)
    if row.state is EffectState.FAILED:
        refused = (row.result or {}).get("refused")
        ending.fail(context, job, FailureKind.WORKER_FAILED, f"the workspace could not be made: {refused}")
    return path if row.state is EffectState.DONE else None


def _notes(context: Context, job: Job) -> str:
    """The repository's own notes for agents, from the base commit and never from the worker's tree."""
    return context.workspaces.read_file(sha=job.base_sha or "", path=NOTES_FILE) or ""


def _start(context: Context, job: Job, purpose: str, workspace: Path, notes: str) -> None:
    earlier = context.store.sessions.last("attempt = ? AND role = ?", job.attempt or 0, Role.WORKER)
    config = context.private(job, Role.WORKER) / "config"
    resume = earlier.session if earlier and context.agents.resumable(earlier.session, config) else None
    told = {"begin": "", "resume": prompts.RESUME, "finish": prompts.FINISH}.get(purpose)
    extra = told if told is not None else prompts.revision(context, job)
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


def _read_report(context: Context, job: Job, row: SessionRow) -> None:
    report = parse_worker_report(sessions.report_of(row))
    if report is None:
        ending.fail(context, job, FailureKind.NO_REPORT, "the worker's report is not what was asked for")
    elif report.status is WorkerStatus.BLOCKED:
        ending.end(context, job, JobState.GIVEN_UP, f"the worker is blocked: {report.summary}")
    elif report.status is WorkerStatus.SUPERSEDED:
        ending.end(context, job, JobState.HANDED_OVER, f"the worker says it is superseded: {report.summary}")
    else:
        _harvest(context, job, row)


def _harvest(context: Context, job: Job, row: SessionRow) -> None:
    path, base = context.workspace(job, "work"), job.base_sha or ""
    job_errands.start(
        context,
        job,
        lambda: context.workspaces.harvest(
            path, ref=f"{job.issue}/{job.attempt}", base_sha=base, protected=context.settings.merge.protected
        ),
        then=lambda harvest: _harvested(context, job, row, harvest),
    )


def _harvested(context: Context, job: Job, row: SessionRow, harvest: Harvest) -> None:
    if harvest.problems:
        _refuse(context, job, harvest)
    elif harvest.uncommitted and row.purpose != "finish":
        _start(context, job, "finish", context.workspace(job, "work"), "")
    elif harvest.commit is None or harvest.commit == job.head_sha:
        ending.fail(context, job, FailureKind.NO_COMMIT, "the worker said it is done and committed nothing new")
    else:
        _accept(context, job, harvest, harvest.commit)


def _refuse(context: Context, job: Job, harvest: Harvest) -> None:
    with context.store.transaction():
        context.tell(CandidateRefused(problems=harvest.problems), job)
        ending.fail(context, job, FailureKind.REFUSED_CANDIDATE, "; ".join(harvest.problems))


def _accept(context: Context, job: Job, harvest: Harvest, commit: str) -> None:
    withheld = [f"it touches the protected path {path}" for path in harvest.protected]
    withheld += [f"it weakens tests: {what}" for what in harvest.weakened]
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
        )
    context.moved_at = context.now()
