"""Every kind of outside effect: how to look whether it is there already, and how to do it.

Owns: look and act of each kind, and what is asked once more just before the act. Must not: touch the store in an
errand's thread, where all of these run. `look` returns None for "it is not there", and then doing it (again) is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from forge_loop.config.model import MergeMethod
from forge_loop.domain.approval import given_again, withdrawn
from forge_loop.domain.events import (
    Event,
    IssueReleased,
    PullRequestMerged,
    PullRequestOpened,
    PullRequestUpdated,
    WorkSalvaged,
    WorkspaceCreated,
    WorkspaceRemoved,
)
from forge_loop.domain.issue import PullRequestState, taken_over
from forge_loop.domain.job import Job
from forge_loop.domain.remarks import LineRemark
from forge_loop.errors import NoSuchIssueError, RefusedError, UnreadableError
from forge_loop.ports import Conversation, Merged
from forge_loop.runner import deploy, hooks, remarks
from forge_loop.runner.context import Context
from forge_loop.store import EffectRow

GONE = "the issue is not there any more"
ANEW = "the issue was approved anew"
Detail = Mapping[str, Any]
Result = dict[str, Any]


def _nothing(_detail: Detail, _result: Result) -> Sequence[Event]:
    return ()


def _allowed(_context: Context, _job: Job, _detail: Detail) -> str | None:
    return None


def _no_more(_context: Context, _row: EffectRow) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectKind:
    """`tells` gives the events of an effect that is done.

    `forbidden` says, just before it is done, why a person does not want it any more. `work` marks what belongs to a
    job's work and not to its end: nothing of it is done once the job has ended. `said` marks what is told to people:
    nothing of it once they have taken over. `closes` marks what closes an approval outside: nothing of it is done once
    there is a newer one. `stays` marks what concerns this box alone: it holds nothing that is sent. `ended` is called
    in the transaction that records the end, on the runner's thread.
    """

    look: Callable[[Context, Detail], Result | None]
    act: Callable[[Context, Detail], Result]
    tells: Callable[[Detail, Result], Sequence[Event]] = _nothing
    forbidden: Callable[[Context, Job, Detail], str | None] = _allowed
    work: bool = False
    said: bool = False
    closes: bool = False
    stays: bool = False
    ended: Callable[[Context, EffectRow], None] = _no_more


def _withdrawn(context: Context, job: Job, detail: Detail) -> str | None:
    """A person closed the issue, took the label away, or (where `approved` names a text) changed it.

    Where `spent` says when the approval was given that the job has used up: or gave a newer one since, or closed the
    pull request.
    """
    try:
        issue = context.tracker.issue(job.issue)
    except NoSuchIssueError:
        return GONE
    if issue.key != job.issue_key:
        return GONE
    if issue.problem is not None:
        raise UnreadableError(f"#{job.issue}: {issue.problem}")
    labels = context.settings.labels
    if "approved" in detail and labels.risk in issue.labels and not detail.get("risk_accepted"):
        return f"it carries the label {labels.risk}"
    if "spent" in detail:
        number = detail["pull_request"]
        if number is not None and context.code_host.pull_request(number).state is PullRequestState.CLOSED:
            return f"pull request {number} was closed by a person"
        label = context.tracker.labelled(issue, labels.ready)
        if given_again(label, datetime.fromisoformat(detail["spent"])):
            return ANEW
    return withdrawn(issue, labels.ready, approved=detail.get("approved"))


def _create_workspace(context: Context, detail: Detail) -> Result:
    path = Path(detail["path"])
    context.workspaces.create(path, sha=detail["sha"], branch=detail["branch"], base_sha=detail["base_sha"])
    problem = hooks.after_create(context, path)
    return {"hook": problem} if problem is not None else {}


def _tell_created(detail: Detail, result: Result) -> Sequence[Event]:
    return () if "hook" in result else (WorkspaceCreated(path=detail["path"], commit=detail["sha"]),)


def _look_workspace(_context: Context, _detail: Detail) -> Result | None:
    """Making it anew is always safe: no session starts in a workspace before its effect is done."""
    return None


def _remove_workspaces(context: Context, detail: Detail) -> Result:
    archive, saved = Path(detail["archive"]), False
    work = Path(detail["work"])
    if detail["salvage"] and work.is_dir() and not archive.exists():
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        saved = context.workspaces.salvage(work, archive)
    for path in context.workspaces.existing():
        if path.name.startswith(detail["prefix"]):
            context.workspaces.remove(path)
    return {"archive": str(archive) if saved or archive.exists() else None}


def _tell_removed(detail: Detail, result: Result) -> Sequence[Event]:
    removed = WorkspaceRemoved(path=detail["work"])
    return (removed, WorkSalvaged(archive=result["archive"])) if result["archive"] else (removed,)


def _push(context: Context, detail: Detail) -> Result:
    context.workspaces.push(sha=detail["sha"], branch=detail["branch"], expected=detail["expected"])
    return {}


def _look_push(context: Context, detail: Detail) -> Result | None:
    return {} if context.code_host.branch_sha(detail["branch"]) == detail["sha"] else None


def _push_forbidden(context: Context, job: Job, detail: Detail) -> str | None:
    """Also where a person has pushed to the branch, or taken over the pull request that the push would change."""
    if context.code_host.branch_sha(detail["branch"]) not in (detail["expected"], detail["sha"]):
        return _elsewhere(detail)
    number = detail["pull_request"]
    if number is not None:
        found = context.code_host.pull_request(number)
        changed = taken_over(found, base=detail["base"], pushed=frozenset({found.head_sha}))
        if changed is not None:
            return changed
    return _withdrawn(context, job, detail)


def _elsewhere(detail: Detail) -> str:
    return f"the branch {detail['branch']} is not where the loop left it"


def _open_forbidden(context: Context, job: Job, detail: Detail) -> str | None:
    """Also where the branch holds something else by now: that would be shown as the loop's."""
    if context.code_host.branch_sha(detail["branch"]) != detail["sha"]:
        return _elsewhere(detail)
    return _withdrawn(context, job, detail)


def _tell_push(detail: Detail, _result: Result) -> Sequence[Event]:
    number = detail["pull_request"]
    return () if number is None else (PullRequestUpdated(pull_request=number, head_sha=detail["sha"]),)


def _open_pull_request(context: Context, detail: Detail) -> Result:
    pull_request = context.code_host.open_pull_request(
        branch=detail["branch"],
        base=detail["base"],
        title=detail["title"],
        body=detail["body"],
        draft=detail["draft"],
    )
    return {"number": pull_request.number}


def _look_pull_request(context: Context, detail: Detail) -> Result | None:
    """One that a person closed before it was seen is there as well: another one is never opened."""
    found = context.code_host.find_pull_request(detail["branch"])
    if found is None:
        return None
    return {"number": found.number, "closed": found.state is PullRequestState.CLOSED}


def _merge(context: Context, detail: Detail) -> Result:
    answer = context.code_host.merge(
        detail["number"],
        head_sha=detail["head_sha"],
        base_sha=detail["base_sha"],
        message=detail["message"],
        method=MergeMethod(detail["method"]),
    )
    return {"sha": answer.sha} if isinstance(answer, Merged) else {"moved": answer.base_sha}


def _look_merge(context: Context, detail: Detail) -> Result | None:
    found = context.code_host.pull_request(detail["number"])
    return {"sha": found.merged_sha} if found.state is PullRequestState.MERGED else None


def _merge_forbidden(context: Context, job: Job, detail: Detail) -> str | None:
    """Also where the pull request is no longer open, to base, at the commit that was reviewed, or a person asks for
    changes that were not asked for before."""
    found = context.code_host.pull_request(detail["number"])
    changed = taken_over(found, base=detail["base"], pushed=frozenset({detail["head_sha"]}))
    if changed is not None:
        return changed
    asked = {remark.key for remark in remarks.read(context.code_host, detail["number"])}
    if not asked <= set(detail["heard"]):
        return f"changes are asked for on pull request {found.number}"
    return _withdrawn(context, job, detail)


def _tell_merge(detail: Detail, result: Result) -> Sequence[Event]:
    return (PullRequestMerged(pull_request=detail["number"], commit=result["sha"]),) if "sha" in result else ()


def _talk(context: Context) -> Conversation:
    talk = context.code_host.conversation()
    if talk is None:
        raise RefusedError("nobody talks about pull requests here")
    return talk


def _describe(context: Context, detail: Detail) -> None:
    _talk(context).describe(detail["number"], body=detail["body"])


def _look_ready(context: Context, detail: Detail) -> Result | None:
    return None if context.code_host.pull_request(detail["number"]).draft else {}


def _post_review(context: Context, detail: Detail) -> None:
    lines = [LineRemark(**line) for line in detail["lines"]]
    _talk(context).post_review(detail["number"], key=detail["key"], sha=detail["sha"], text=detail["text"], lines=lines)


def _look_review(context: Context, detail: Detail) -> Result | None:
    return {} if _talk(context).review_posted(detail["number"], detail["key"]) else None


def _talk_forbidden(context: Context, job: Job, detail: Detail) -> str | None:
    """Also where a person has taken the pull request over, if there is one yet: nothing more is said there."""
    if detail["number"] is None:
        return _withdrawn(context, job, detail)
    found = context.code_host.pull_request(detail["number"])
    changed = taken_over(found, base=detail["base"], pushed=frozenset(detail["pushed"]))
    return changed or _withdrawn(context, job, detail)


def _look_note(context: Context, detail: Detail) -> Result | None:
    """A note is edited in place: only this very text is this effect."""
    stands = context.tracker.note(detail["issue"], detail["key"])
    return {} if stands is not None and stands.strip() == detail["text"].strip() else None


def _note(context: Context, detail: Detail) -> None:
    context.tracker.post_note(detail["issue"], detail["key"], detail["text"])


def _look_label(context: Context, detail: Detail) -> Result | None:
    present = detail["label"] in context.tracker.issue(detail["issue"]).labels
    return {} if present is detail["present"] else None


def _label(context: Context, detail: Detail) -> Result:
    change = context.tracker.add_label if detail["present"] else context.tracker.remove_label
    change(detail["issue"], detail["label"])
    return {}


def _release(context: Context, row: EffectRow) -> None:
    """The loop took the ready label away itself: whenever it stands again, that is a new approval."""
    if row.detail["label"] != context.settings.labels.ready or row.detail["present"]:
        return
    job = context.store.jobs.get(row.job)
    approval = context.store.approvals.get(job.approval)
    if approval.released_at is None:
        context.store.approvals.update(approval.id, released_at=context.now())
        context.tell(IssueReleased(approval=approval.id), issue=job.issue)
        context.look_anew()


def _look_close(context: Context, detail: Detail) -> Result | None:
    return None if context.tracker.issue(detail["issue"]).open else {}


def _call(act: Callable[[Context, Detail], object]) -> Callable[[Context, Detail], Result]:
    def run(context: Context, detail: Detail) -> Result:
        act(context, detail)
        return {}

    return run


KINDS: Mapping[str, EffectKind] = {
    "workspace.create": EffectKind(
        look=_look_workspace, act=_create_workspace, tells=_tell_created, work=True, stays=True
    ),
    deploy.KIND: EffectKind(look=deploy.look, act=deploy.act, tells=deploy.tells, ended=deploy.ended, stays=True),
    "workspace.remove": EffectKind(look=lambda *_: None, act=_remove_workspaces, tells=_tell_removed, stays=True),
    "push": EffectKind(look=_look_push, act=_push, tells=_tell_push, forbidden=_push_forbidden, work=True),
    "pull_request.open": EffectKind(
        look=_look_pull_request,
        act=_open_pull_request,
        tells=lambda detail, result: (PullRequestOpened(pull_request=result["number"], head_sha=detail["sha"]),),
        forbidden=_open_forbidden,
        work=True,
    ),
    "merge": EffectKind(look=_look_merge, act=_merge, tells=_tell_merge, forbidden=_merge_forbidden, work=True),
    "pull_request.describe": EffectKind(
        look=lambda *_: None, act=_call(_describe), forbidden=_talk_forbidden, work=True
    ),
    "pull_request.ready": EffectKind(
        look=_look_ready,
        act=_call(lambda context, detail: _talk(context).mark_ready(detail["number"])),
        forbidden=_talk_forbidden,
        work=True,
    ),
    "review.post": EffectKind(look=_look_review, act=_call(_post_review), forbidden=_talk_forbidden, said=True),
    "note": EffectKind(look=_look_note, act=_call(_note)),
    "note.status": EffectKind(look=_look_note, act=_call(_note), forbidden=_talk_forbidden, work=True),
    "label": EffectKind(look=_look_label, act=_label, forbidden=_withdrawn, ended=_release, closes=True),
    "issue.close": EffectKind(
        look=_look_close,
        act=_call(lambda context, detail: context.tracker.close(detail["issue"], detail["summary"])),
        forbidden=_withdrawn,
        closes=True,
    ),
    "branch.delete": EffectKind(
        look=lambda context, detail: {} if context.code_host.branch_sha(detail["branch"]) is None else None,
        act=_call(lambda context, detail: context.code_host.delete_branch(detail["branch"], sha=detail["sha"])),
    ),
}
