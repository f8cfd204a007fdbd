"""A session: one conversation with the model in one role, what it is given and what comes back.

Owns: roles, the order the loop hands to an agent host, the outcome it gets. Must not: know the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Role(StrEnum):
    WORKER = "worker"
    CRITIC = "critic"
    PO = "po"
    MAINTENANCE = "maintenance"


class SessionOutcome(StrEnum):
    """How a session ended, decided from structure (status, terminal reason, typed events), never from prose."""

    DONE = "done"  # a report is there
    NO_REPORT = "no_report"  # ended well but never reported
    MAX_TURNS = "max_turns"
    TIMED_OUT = "timed_out"  # its wall clock ran out
    STOPPED = "stopped"  # ended by the loop: watchdog, kill, shutdown
    LOST = "lost"  # its processes went away without a result
    LIMIT = "limit"  # the account's usage limit, with or without a reset time
    TRANSIENT = "transient"  # overload, network, 5xx, a rate limit without a reset time
    AUTH = "auth"  # authentication or billing
    CONFIGURATION = "configuration"  # unknown model, CLI that cannot run, unsupported option
    DENIED = "denied"  # a worker that went on asking for what it is denied
    FAILED = "failed"  # anything else that is the session's own


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOrder:
    """Everything one session needs. Paths are absolute and exist; `id` is a UUID4 that the loop chose.

    `workspace` is the session's cwd. `config_dir`, `home` and `tmp` are private to the job, so that a later session can
    `resume` (same `id`, same `config_dir`). `transcript` is appended to, one JSON line a message. `system` is the
    brief, `prompt` the first message; both are sent verbatim. `report_schema` is the JSON schema of the typed report.
    `timeout` is wall-clock seconds from spawn. `writes` says whether the role may change files and run commands.
    `variables` are of telemetry, added to the session's environment.
    """

    id: str
    role: Role
    resume: bool
    workspace: Path
    config_dir: Path
    home: Path
    tmp: Path
    transcript: Path
    system: str
    prompt: str
    model: str
    effort: str
    max_turns: int
    timeout: float
    report_schema: Mapping[str, Any]
    writes: bool
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """A sign of life of a session. `tool` is the tool's name if one was called; tokens are of this message.

    `under_way` counts the tool calls that have not come back yet.
    """

    session: str
    at: datetime
    kind: str  # assistant | tool | tool_result | system | retry
    tool: str | None = None
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    under_way: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSeen:
    """The account's rate-limit state as the SDK reported it. `utilization` runs from 0 to 1."""

    session: str
    status: str  # allowed | allowed_warning | rejected
    kind: str | None
    resets_at: datetime | None
    utilization: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEnded:
    """A session is over and no process of it is left.

    `report` is the typed report as the SDK gave it, not yet validated. `detail` is one sentence for a person.
    `resets_at` stands only with outcome LIMIT. `denials` names the tools that were denied, in order.
    """

    session: str
    outcome: SessionOutcome
    at: datetime
    report: Mapping[str, Any] | None = None
    detail: str = ""
    resets_at: datetime | None = None
    turns: int = 0
    tool_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    denials: tuple[str, ...] = ()


SessionNews = Activity | LimitSeen | SessionEnded
