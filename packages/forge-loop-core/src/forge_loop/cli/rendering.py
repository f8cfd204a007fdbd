"""What a role would be sent on an issue, rendered by the runner's own functions.

Owns: choosing job and text: the newest job's, or the issue as it stands where there is none yet. Must not: hold a
brief's words, or write anything outside a directory of its own that goes again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_loop import bootstrap
from forge_loop.briefs import Briefs
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.project import Project, find_project, now, reading
from forge_loop.config.model import Settings
from forge_loop.database import Database
from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import CRITIC_ALONE, Pipeline
from forge_loop.domain.session import Role
from forge_loop.errors import GitError, OperatorError
from forge_loop.forge.local.origin import branch_at, git_of
from forge_loop.git import ControlRepository
from forge_loop.git.checkout import current_branch
from forge_loop.runner import Context, prompts
from forge_loop.runner.critique import reviewed_before
from forge_loop.runner.work import NOTES_FILE
from forge_loop.store import Store, open_store


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The part of a Context that briefs are rendered from."""

    settings: Settings
    base: str
    briefs: Briefs
    store: Store
    pipeline: Pipeline = CRITIC_ALONE


def rendered(given: Invocation, role: Role, number: int) -> str:
    """The first message of a new session of `role` on an issue. Raises OperatorError where there is none to render."""
    project = find_project(given)
    base = project.settings.base or current_branch(project.directory)
    briefs = bootstrap.usable_briefs(project.directory)
    with _job(project, number) as (store, job):
        sources = Sources(settings=project.settings, base=base, briefs=briefs, store=store)
        # The functions take a Context and read these parts of it.
        return _prompt(project, cast(Context, sources), role, job)


def _prompt(project: Project, context: Context, role: Role, job: Job) -> str:
    if role is Role.WORKER:
        brief = prompts.worker(context, job, _notes(project, context, job))
        return brief if job.round == 0 else f"{brief}\n\n{prompts.revision(context, job)}"
    if role is Role.CRITIC:
        if job.base_sha is None or job.head_sha is None:
            raise OperatorError(
                f"#{job.issue} has no candidate for the critic to read yet: it is {job.state}",
                hint=f"forge-loop explain {job.issue}",
            )
        control, since = (
            ControlRepository(project.layout.control, ""),
            reviewed_before(context, job, CRITIC_ALONE.nodes[0]),
        )
        delta = control.diff(base_sha=since, head_sha=job.head_sha) if since is not None else ""
        diff = control.diff(base_sha=job.base_sha, head_sha=job.head_sha)
        return prompts.critic(context, job, CRITIC_ALONE.nodes[0], diff, delta)
    if role is Role.PO:
        return prompts.po(context, job)
    raise OperatorError(f"the {role} is not told of one issue", hint="worker, critic or po")


@contextmanager
def _job(project: Project, number: int) -> Iterator[tuple[Store, Job]]:
    """The newest job of an issue, or the one that would be made if its text were approved as it stands."""
    with reading(project) as store:
        job = store.jobs.newest_by_number(number) if store is not None else None
        if store is not None and job is not None:
            yield store, job
            return
    issue = bootstrap.tracker(project.directory, project.settings, project.environ).issue(number)
    with tempfile.TemporaryDirectory(prefix="forge-loop-") as scratch:
        database = Database(Path(scratch) / "state.db")
        try:
            made = open_store(database)
            approval = made.approvals.insert(
                issue=number,
                issue_key=issue.key,
                actor="",
                at=now(),
                sha256=issue.sha256,
                title=issue.title,
                body=issue.spec,
            )
            yield made, made.jobs.create(issue, approval, at=now())
        finally:
            database.close()


def _notes(project: Project, context: Context, job: Job) -> str:
    """The repository's own notes for agents at the job's base, or at base as the checkout has it."""
    if job.base_sha is not None:
        return ControlRepository(project.layout.control, "").read_file(sha=job.base_sha, path=NOTES_FILE) or ""
    checkout = git_of(project.directory)
    sha = branch_at(checkout, context.base)
    try:
        return (ControlRepository(checkout.place, "").read_file(sha=sha, path=NOTES_FILE) or "") if sha else ""
    except GitError:
        return ""
