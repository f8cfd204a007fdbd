"""The shapes of rows that only the loop itself reads: checks, reviews, findings, effects, requests, the loop's own row.

Owns: those dataclasses. Must not: hold rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from forge_loop.domain.job import FailureKind
from forge_loop.domain.pipeline import CRITIC, NodeState
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.severity import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRow:
    """One command's result on the merge of `head_sha` into `base_sha`. `status` is None if the time ran out."""

    id: int
    job: int
    attempt: int
    head_sha: str
    base_sha: str
    command: str
    passed: bool
    status: int | None
    output: str
    seconds: float
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseCheckRow:
    """One command's result on a base commit that nothing was merged into."""

    id: int
    base_sha: str
    command: str
    passed: bool
    status: int | None
    output: str
    seconds: float
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewRow:
    """A validated verdict of a node, bound to the commit, the brief and the snapshot it was given for."""

    id: int
    job: int
    attempt: int
    session: str
    round: int
    head_sha: str
    base_sha: str
    brief_sha256: str
    snapshot_sha256: str
    overall: Overall
    approves: bool
    reviewed: tuple[str, ...]
    at: datetime
    node: str = CRITIC


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingRow:
    id: int
    job: int
    review: int
    severity: Severity
    category: Category
    file: str | None
    line: int | None
    message: str
    closed_at: datetime | None = None
    node: str = CRITIC


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeRunRow:
    """A node that is no review, for one candidate. `tries` counts from 1, `detail` says how it ended."""

    id: int
    job: int
    head_sha: str
    node: str
    state: NodeState
    tries: int = 1
    output: str = ""
    detail: str = ""
    at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HostLookRow:
    """The code host's checks of `head_sha` as last seen, each as an object, and when they were first seen like that."""

    id: int
    job: int
    head_sha: str
    checks: tuple[dict[str, Any], ...]
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RemarkRow:
    """What a trusted person asked for, acted on in `round`. `key` is the code host's."""

    id: int
    job: int
    round: int
    key: str
    author: str
    text: str
    file: str | None
    line: int | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalRow:
    """Why the label that was given at `label_at` starts no work. `told_at`: it stands on the issue, or need not."""

    id: int
    issue: int
    issue_key: str
    label_at: datetime
    text: str
    told_at: datetime | None = None


class EffectState(StrEnum):
    INTENDED = "intended"
    ACTING = "acting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectRow:
    """One outside effect. Found ACTING after a restart, it is settled by looking."""

    id: int
    key: str
    kind: str
    job: int
    state: EffectState
    detail: dict[str, Any]
    result: dict[str, Any] | None = None
    intended_at: datetime
    ended_at: datetime | None = None


class RequestState(StrEnum):
    REQUESTED = "requested"
    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRow:
    """What an operator asked for. `answer` is the acknowledgement, one sentence; `requested_by` names the hand, not a
    person: the command line, a login of the dashboard, a program that holds the dashboard's token."""

    id: int
    kind: str
    issue: int | None
    detail: dict[str, Any]
    requested_at: datetime
    state: RequestState
    answer: str | None = None
    answered_at: datetime | None = None
    requested_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopRow:
    """The loop's own row. `loop_id` marks every process it starts. `pid` and `start_ticks` are of the last loop.

    `open_pull_requests` are those that stood open when the code host was last read.
    """

    id: int
    loop_id: str
    repo: str = ""
    pid: int | None = None
    start_ticks: int | None = None
    since: datetime | None = None
    slots: int = 0
    paused: bool = False
    paused_until: datetime | None = None
    pause_reason: str | None = None
    parked_until: datetime | None = None
    park_reason: str | None = None
    halt_reason: str | None = None
    resumed_at: datetime | None = None
    base_problem: str | None = None
    base_sha: str | None = None
    last_tick: datetime | None = None
    open_pull_requests: tuple[int, ...] = ()
    parked_at: datetime | None = None
    parked_for: FailureKind | None = None
