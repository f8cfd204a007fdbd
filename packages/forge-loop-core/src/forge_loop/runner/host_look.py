"""The code host's own checks of a candidate: what was seen of them, and what follows.

Owns: the rows of what was seen. Must not: judge (`domain.host_checks` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from forge_loop.domain.events import HostChecksChanged
from forge_loop.domain.host_checks import HostCheck, HostCheckState, HostFacts, Judgement, judge
from forge_loop.domain.job import Job
from forge_loop.errors import UnreadableError
from forge_loop.ports import CodeHost
from forge_loop.runner.context import Context
from forge_loop.store import HostLookRow


@dataclass(frozen=True, kw_only=True, slots=True)
class HostLook:
    """One look: the checks, None where the host runs none, or why they could not be read."""

    checks: Sequence[HostCheck] | None
    unread: str | None = None


def look(code_host: CodeHost, sha: str) -> HostLook:
    """In a thread: what cannot be read is waited for, and is never taken for nothing."""
    try:
        return HostLook(checks=code_host.checks(sha))
    except UnreadableError as error:
        return HostLook(checks=None, unread=str(error))


def judged(context: Context, job: Job, seen: HostLook) -> Judgement:
    """What a look leads to, with what it saw recorded."""
    now = context.now()
    changed_at = _record(context, job, seen.checks, now) if seen.checks is not None else now
    facts = HostFacts(
        checks=seen.checks, pushed_at=min(_pushed_at(context, job), now), changed_at=changed_at, unread=seen.unread
    )
    return judge(facts, longest=timedelta(seconds=context.settings.merge.ci_wait), now=now)


def failed(context: Context, job: Job) -> list[HostCheck]:
    """The checks of the job's candidate that were last seen to have failed."""
    row = _last(context, job)
    checks = [HostCheck(**{**check, "state": HostCheckState(check["state"])}) for check in row.checks] if row else []
    return [check for check in checks if check.state is HostCheckState.FAILED]


def _last(context: Context, job: Job) -> HostLookRow | None:
    return context.store.host_looks.last("job = ? AND head_sha = ?", job.id, job.head_sha)


def _record(context: Context, job: Job, checks: Sequence[HostCheck], now: datetime) -> datetime:
    """Since when the checks have looked as they look now."""
    shown = tuple(asdict(check) for check in sorted(checks, key=lambda check: check.name))
    last = _last(context, job)
    if last is not None and last.checks == shown:
        return last.changed_at
    with context.store.transaction():
        context.store.host_looks.insert(job=job.id, head_sha=job.head_sha, checks=shown, changed_at=now)
        event = HostChecksChanged(
            pull_request=job.pull_request,
            head_sha=job.head_sha or "",
            passed=_named(checks, HostCheckState.PASSED),
            failed=_named(checks, HostCheckState.FAILED),
            pending=_named(checks, HostCheckState.PENDING),
        )
        context.tell(event, job)
    return now


def _named(checks: Sequence[HostCheck], state: HostCheckState) -> tuple[str, ...]:
    return tuple(check.name for check in checks if check.state is state)


def _pushed_at(context: Context, job: Job) -> datetime:
    """When the commit became what the host checks: pushed, or shown to reviewers."""
    kinds = "kind IN ('push', 'pull_request.open', 'pull_request.ready')"
    last = context.store.effects.last(f"job = ? AND state = 'done' AND {kinds}", job.id)
    return (last.ended_at if last is not None else None) or job.updated_at
