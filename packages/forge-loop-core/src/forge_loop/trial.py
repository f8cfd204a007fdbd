"""An issue's work taken up again at a past commit, in a place of its own: the real loop over a throw-away forge.

Owns: that place - a checkout, a backlog of one issue, a bare repository, a state directory - and the settings that keep
everything in it. Must not: write to the loop's own state, its repository, its tracker or its code host, or show a
session a commit that was not there when the past one began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forge_loop.bootstrap import BRIEFS, Wired, build
from forge_loop.briefs import Briefs
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import Effort, ForgeKind, Settings
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from forge_loop.errors import BriefError, GitError, OperatorError
from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.git import ControlRepository
from forge_loop.git.bare import new_bare
from forge_loop.git.command import Git, is_sha
from forge_loop.git.names import branch_ref
from forge_loop.runner.intake import push
from forge_loop.runner.recorded import RecordedOrder

CANDIDATE = "refs/past/candidate"
# A session's commit is asked for by its id, and only this one command is told that it may be.
_ANY_COMMIT = "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What is taken up again. `brief` replaces the role's template, `model` its model; None leaves them.

    `place` is a directory that is there, empty and private; `control` the loop's own repository; `project` the
    operator's checkout, for its briefs. `title` and `text` are what the session worked on. A worker starts over from
    the order's base, a critic reviews the order's candidate again, of `lines_changed` lines.
    """

    place: Path
    project: Path
    control: Path
    settings: Settings
    base: str
    title: str
    text: str
    hidden_accepted: bool
    order: RecordedOrder
    lines_changed: int = 0
    brief: str | None = None
    model: str | None = None

    @property
    def checkout(self) -> Path:
        return self.place / "project"

    @property
    def layout(self) -> StateLayout:
        return StateLayout(self.place / "state")


@contextmanager
def taken_up(
    trial: Trial, *, environ: Mapping[str, str], on_fault: Callable[[str, Exception], None]
) -> Iterator[Wired]:
    """The loop of a trial, ready to run until it is idle. Raises OperatorError for what cannot be taken up again."""
    role = Role(trial.order.role)
    if role not in (Role.WORKER, Role.CRITIC):
        raise OperatorError(f"a session of the {role} cannot be run again", hint="forge-loop replay list --role worker")
    _lay_out(trial)
    _put_briefs(trial, role)
    settings = settings_of(trial, role)
    number = _write_issue(trial, settings)
    wired = build(project=trial.checkout, settings=settings, layout=trial.layout, environ=environ, on_fault=on_fault)
    try:
        if trial.hidden_accepted:
            _accept_hidden(wired, number)
        if role is Role.CRITIC:
            _hand_in(trial, wired, number)
        yield wired
    finally:
        wired.close()


def settings_of(trial: Trial, role: Role) -> Settings:
    """The operator's settings, with the past order's own, and nothing that reaches out or takes another try."""
    today, order = trial.settings, trial.order
    past: dict[str, Any] = {
        "model": trial.model or order.model,
        "effort": Effort(order.effort),
        "max_turns": order.max_turns,
        "timeout": order.timeout,
    }
    critic = replace(today.critic, enabled=True)
    return replace(
        today,
        forge=ForgeKind.LOCAL,
        repository="",
        base=trial.base,
        sinks=(),
        checks=order.checks,
        worker=replace(today.worker, **past) if role is Role.WORKER else today.worker,
        critic=replace(critic, **past, rounds=0) if role is Role.CRITIC else critic,
        po=replace(today.po, enabled=False),
        maintenance=replace(today.maintenance, every_ticks=0),
        retry=replace(today.retry, attempts=1),
        scheduling=replace(today.scheduling, parallel=1, tick_seconds=1.0),
        deploy=replace(today.deploy, command=""),
    )


def past_diff(control: Path, *, base_sha: str | None, head_sha: str | None) -> str | None:
    """What a past candidate changed; None where a commit is no longer kept."""
    repository = ControlRepository(control, "")
    if base_sha is None or head_sha is None:
        return None
    if not (repository.commit_exists(base_sha) and repository.commit_exists(head_sha)):
        return None
    return repository.diff(base_sha=base_sha, head_sha=head_sha)


def _lay_out(trial: Trial) -> None:
    """A checkout of the base alone, and for a critic its candidate where the loop will look for it."""
    base, head = trial.order.base_sha or "", trial.order.head_sha or ""
    trial.checkout.mkdir(mode=0o700)
    new_bare(trial.checkout / ".git", branch=trial.base).rename(trial.checkout / ".git")
    _take(trial, trial.checkout / ".git", base, branch_ref(trial.base))
    init_backlog(trial.checkout)
    if trial.order.role == Role.CRITIC:
        trial.layout.root.mkdir(mode=0o700)
        new_bare(trial.layout.control).rename(trial.layout.control)
        _take(trial, trial.layout.control, head, CANDIDATE)


def _take(trial: Trial, into: Path, sha: str, ref: str) -> None:
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", _ANY_COMMIT, str(trial.control), f"{sha}:{ref}")
    try:
        if not is_sha(sha):
            raise OperatorError("what is recorded of the session names no commit")
        Git(into).run("fetch", *words)
    except GitError:
        raise OperatorError(f"the commit {sha[:12]} is no longer kept") from None


def _put_briefs(trial: Trial, role: Role) -> None:
    """The operator's briefs as they are today, and the one that is tried."""
    place = trial.checkout / BRIEFS
    place.mkdir(parents=True)
    today = trial.project / BRIEFS
    for path in sorted(today.glob("*.md.tmpl")) if today.is_dir() else ():
        (place / path.name).write_bytes(path.read_bytes())
    if trial.brief is not None:
        (place / f"{role}.md.tmpl").write_text(trial.brief, encoding="utf-8")
    problems = Briefs(place).check()
    if problems:
        said = "\n".join(problems).replace(str(place / f"{role}.md.tmpl"), "the brief")
        raise BriefError(said, hint=f"forge-loop brief show {role}")


def _write_issue(trial: Trial, settings: Settings) -> int:
    tracker = BacklogTracker(trial.checkout, ready_label=settings.labels.ready)
    return tracker.add(title=trial.title, body=trial.text, labels=(settings.labels.ready,))


def _accept_hidden(wired: Wired, number: int) -> None:
    """What the operator accepted then is accepted here."""
    context = wired.context
    sha256 = context.tracker.issue(number).sha256
    context.store.requests.insert(
        kind="approve",
        issue=number,
        detail={"sha256": sha256, "accept_hidden": True},
        requested_at=context.now(),
        state="requested",
    )


def _hand_in(trial: Trial, wired: Wired, number: int) -> None:
    """A job as the worker left it: its candidate, not yet checked."""
    context, now = wired.context, wired.context.now()
    issue = context.tracker.issue(number)
    with context.store.transaction():
        approval = context.store.approvals.insert(
            issue=number,
            issue_key=issue.key,
            actor="replay",
            at=now,
            sha256=issue.sha256,
            title=issue.title,
            body=issue.spec,
            hidden_accepted=trial.hidden_accepted,
        )
        job = context.store.jobs.create(issue, approval, at=now)
        attempt = context.store.attempts.insert(
            job=job.id, issue=number, number=1, base_sha=trial.order.base_sha, head_sha=None, started_at=now
        )
        job = context.store.jobs.update(
            job.id,
            state=JobState.CHECKING,
            attempt=attempt.id,
            base_sha=trial.order.base_sha,
            head_sha=trial.order.head_sha,
            lines_changed=trial.lines_changed,
        )
        push(context, job)
