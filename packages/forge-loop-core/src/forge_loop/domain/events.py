"""Everything that happens, as a closed set of frozen dataclasses: one class per kind.

Owns: kinds and their fields. Must not: write anywhere. Readers ignore kinds they do not
know; fields are only ever added. `docs/events.md` is checked against this module.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


class Event:
    """Base of all kinds. `kind` is `noun.verb` in the past tense."""

    kind: ClassVar[str]

    def data(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload, no-any-return]  # every subclass is a dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopStarted(Event):
    kind = "loop.started"
    pid: int
    version: str
    pays: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopStopped(Event):
    kind = "loop.stopped"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopPaused(Event):
    kind = "loop.paused"
    reason: str
    until: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopResumed(Event):
    kind = "loop.resumed"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopParked(Event):
    kind = "loop.parked"
    until: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopPaced(Event):
    kind = "loop.paced"
    slots: int
    limit: str
    utilization: float
    until: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopUnparked(Event):
    kind = "loop.unparked"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopHalted(Event):
    kind = "loop.halted"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TickFinished(Event):
    kind = "tick.finished"
    seconds: float
    in_hand: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestApplied(Event):
    kind = "request.applied"
    request: int
    asked: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRefused(Event):
    kind = "request.refused"
    request: int
    asked: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigReloaded(Event):
    kind = "config.reloaded"
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigRejected(Event):
    kind = "config.rejected"
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueApproved(Event):
    kind = "issue.approved"
    approval: int
    actor: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueRefused(Event):
    kind = "issue.refused"
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueReleased(Event):
    kind = "issue.released"
    approval: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobQueued(Event):
    kind = "job.queued"
    title: str
    priority: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class JobClaimed(Event):
    kind = "job.claimed"
    delivery: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobAdvanced(Event):
    kind = "job.advanced"
    before: str
    after: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCooledDown(Event):
    kind = "job.cooled_down"
    until: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JobHandedOver(Event):
    kind = "job.handed_over"
    reason: str
    pull_request: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobGivenUp(Event):
    kind = "job.given_up"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JobYielded(Event):
    kind = "job.yielded"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCancelled(Event):
    kind = "job.cancelled"
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JobMerged(Event):
    kind = "job.merged"
    commit: str
    pull_request: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecExpanded(Event):
    kind = "spec.expanded"
    missing: tuple[str, ...]
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecProposed(Event):
    kind = "spec.proposed"
    missing: tuple[str, ...]
    characters: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceCreated(Event):
    kind = "workspace.created"
    path: str
    commit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceRemoved(Event):
    kind = "workspace.removed"
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkSalvaged(Event):
    kind = "work.salvaged"
    archive: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptStarted(Event):
    kind = "attempt.started"
    number: int
    base_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptFinished(Event):
    kind = "attempt.finished"
    number: int
    outcome: str
    charged: bool
    failure_kind: str | None
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionStarted(Event):
    kind = "session.started"
    role: str
    purpose: str
    model: str
    round: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionActivity(Event):
    kind = "session.activity"
    role: str
    tool: str | None
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEndedEvent(Event):
    kind = "session.ended"
    role: str
    outcome: str
    detail: str
    seconds: float
    turns: int
    tool_calls: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionStalled(Event):
    kind = "session.stalled"
    role: str
    silent_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLimitHit(Event):
    kind = "session.limit_hit"
    role: str
    limit: str | None
    resets_at: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionPermissionDenied(Event):
    kind = "session.permission_denied"
    role: str
    tools: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchdogEndedSession(Event):
    kind = "watchdog.ended_session"
    role: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HookFailed(Event):
    kind = "hook.failed"
    hook: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateHarvested(Event):
    kind = "candidate.harvested"
    commit: str
    paths: tuple[str, ...]
    lines_changed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateRefused(Event):
    kind = "candidate.refused"
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckStarted(Event):
    kind = "check.started"
    head_sha: str
    base_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckFinished(Event):
    kind = "check.finished"
    command: str
    status: int | None
    seconds: float
    head_sha: str
    base_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectIntended(Event):
    kind = "effect.intended"
    effect: int
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectDone(Event):
    kind = "effect.done"
    effect: int
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectSettled(Event):
    """Found done by looking, after an interruption."""

    kind = "effect.settled"
    effect: int
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectFailed(Event):
    kind = "effect.failed"
    effect: int
    key: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestOpened(Event):
    kind = "pull_request.opened"
    pull_request: int
    head_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestUpdated(Event):
    kind = "pull_request.updated"
    pull_request: int
    head_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestMerged(Event):
    kind = "pull_request.merged"
    pull_request: int
    commit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewStarted(Event):
    kind = "review.started"
    head_sha: str
    round: int
    node: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewFinished(Event):
    kind = "review.finished"
    head_sha: str
    overall: str
    findings: int
    node: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStarted(Event):
    kind = "node.started"
    node: str
    node_kind: str
    head_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeFinished(Event):
    kind = "node.finished"
    node: str
    node_kind: str
    state: str
    detail: str
    seconds: float
    head_sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingOpened(Event):
    kind = "finding.opened"
    finding: int
    severity: str
    category: str
    file: str | None
    line: int | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingClosed(Event):
    kind = "finding.closed"
    finding: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeRefused(Event):
    kind = "merge.refused"
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostChecksChanged(Event):
    kind = "host_checks.changed"
    pull_request: int | None
    head_sha: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]
    pending: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RemarkReceived(Event):
    kind = "remark.received"
    pull_request: int | None
    author: str
    file: str | None
    line: int | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceStarted(Event):
    kind = "maintenance.started"


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceFinished(Event):
    kind = "maintenance.finished"
    workspaces: int
    transcripts: int
    refs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceProposed(Event):
    kind = "maintenance.proposed"
    proposal: int
    proposed: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployFinished(Event):
    kind = "deploy.finished"
    commit: str
    status: str
    exit_status: int | None
    seconds: float
    output: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkFailed(Event):
    kind = "sink.failed"
    sink: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkRecovered(Event):
    kind = "sink.recovered"
    sink: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageLow(Event):
    kind = "storage.low"
    free_bytes: int


KINDS: tuple[type[Event], ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Event) and value is not Event
)
