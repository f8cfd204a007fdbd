"""The narrow door for satellites: what they must drive or reuse of core beyond its public API.

Owns: the list of those names, each loaded when it is first asked for (PEP 562). A name enters together with the
satellite that imports it, and leaves with it; a test holds both. Must not: define anything itself, offer a name that
nothing in this repository uses, or be imported by core: it stands above everything, because a satellite's command is
wired and speaks like one of core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.agents.processes import find as find_process
    from forge_loop.bootstrap import BRIEFS, Wired, build, tracker, usable_pipeline
    from forge_loop.briefs import Briefs, own_brief
    from forge_loop.cli.approving import label_ready
    from forge_loop.cli.asking import ask, put_request
    from forge_loop.cli.dry_run import explained, works
    from forge_loop.cli.event_lines import QUIET, readable
    from forge_loop.cli.explain import lines as explanation_lines
    from forge_loop.cli.explain import read_issue
    from forge_loop.cli.invocation import Invocation
    from forge_loop.cli.node_standing import FileNow, node_standing
    from forge_loop.cli.options import as_json, issue_number, shared
    from forge_loop.cli.preconditions import CHECKS
    from forge_loop.cli.preconditions import look as look_at
    from forge_loop.cli.project import Project, Reloading, file_identity, find_project, reading, writing
    from forge_loop.cli.situation import Level, Situation
    from forge_loop.cli.status import short_line as status_line
    from forge_loop.cli.stopping import Stopping
    from forge_loop.config.layout import StateLayout
    from forge_loop.config.nodes import Entry, Listing, Node, Scalar, Table
    from forge_loop.config.paths import STATE_VARIABLE, prepare_state_directory, project_directory, state_home
    from forge_loop.config.quantities import duration
    from forge_loop.config.show import show as settings_rows
    from forge_loop.config.strict_yaml import read as read_yaml
    from forge_loop.config.values import nearest
    from forge_loop.database import Database, ReadOnlyDatabase, open_read_only
    from forge_loop.domain.events import KINDS
    from forge_loop.domain.hidden_text import visible
    from forge_loop.domain.issue import Issue
    from forge_loop.domain.job import Attempt, FailureKind, Job, JobState, SessionRow
    from forge_loop.domain.pipeline import CRITIC, NodeKind, NodeState, Pipeline, When
    from forge_loop.domain.pipeline import Node as PipelineNode
    from forge_loop.domain.pipeline import problems as pipeline_problems
    from forge_loop.domain.reason import Reason
    from forge_loop.domain.recorded import rfc3339
    from forge_loop.domain.retry import Policy, policy
    from forge_loop.domain.review import Category, MalformedReport, Overall, is_suspicious, parse_verdict
    from forge_loop.domain.session import Role, SessionOutcome
    from forge_loop.domain.severity import Severity
    from forge_loop.domain.spec import parse_expansion
    from forge_loop.domain.tallies import TICK_SECONDS
    from forge_loop.domain.worker_report import parse_worker_report
    from forge_loop.git.checkout import current_branch
    from forge_loop.ports import Slots, Tracker
    from forge_loop.queue import QueuedJob, read_jobs
    from forge_loop.runner import Timing, Until
    from forge_loop.runner.driving import AccountLimit, account_limit, demand, park
    from forge_loop.runner.findings import carry_over
    from forge_loop.runner.lock import LoopLock
    from forge_loop.runner.recorded import RecordedOrder, recorded_order
    from forge_loop.store import CheckRow, FindingRow, RequestRow, ReviewRow, Store, open_store
    from forge_loop.trial import Trial, past_diff, taken_up

__all__ = [
    "BRIEFS",
    "CHECKS",
    "CRITIC",
    "KINDS",
    "QUIET",
    "STATE_VARIABLE",
    "TICK_SECONDS",
    "AccountLimit",
    "Attempt",
    "Briefs",
    "Category",
    "CheckRow",
    "Database",
    "Entry",
    "FailureKind",
    "FileNow",
    "FindingRow",
    "Invocation",
    "Issue",
    "Job",
    "JobState",
    "Level",
    "Listing",
    "LoopLock",
    "MalformedReport",
    "Node",
    "NodeKind",
    "NodeState",
    "Overall",
    "Pipeline",
    "PipelineNode",
    "Policy",
    "Project",
    "QueuedJob",
    "ReadOnlyDatabase",
    "Reason",
    "RecordedOrder",
    "Reloading",
    "RequestRow",
    "ReviewRow",
    "Role",
    "Scalar",
    "SessionOutcome",
    "SessionRow",
    "Severity",
    "Situation",
    "Slots",
    "StateLayout",
    "Stopping",
    "Store",
    "Table",
    "Timing",
    "Tracker",
    "Trial",
    "Until",
    "When",
    "Wired",
    "account_limit",
    "as_json",
    "ask",
    "build",
    "carry_over",
    "current_branch",
    "demand",
    "duration",
    "explained",
    "explanation_lines",
    "file_identity",
    "find_process",
    "find_project",
    "is_suspicious",
    "issue_number",
    "label_ready",
    "look_at",
    "nearest",
    "node_standing",
    "open_read_only",
    "open_store",
    "own_brief",
    "park",
    "parse_expansion",
    "parse_verdict",
    "parse_worker_report",
    "past_diff",
    "pipeline_problems",
    "policy",
    "prepare_state_directory",
    "project_directory",
    "put_request",
    "read_issue",
    "read_jobs",
    "read_yaml",
    "readable",
    "reading",
    "recorded_order",
    "rfc3339",
    "settings_rows",
    "shared",
    "state_home",
    "status_line",
    "taken_up",
    "tracker",
    "usable_pipeline",
    "visible",
    "works",
    "writing",
]

# Where each name is defined: its module, and after a colon what it is called there, if that differs.
_HOMES: Mapping[str, str] = {
    "BRIEFS": "forge_loop.bootstrap",
    "CHECKS": "forge_loop.cli.preconditions",
    "CRITIC": "forge_loop.domain.pipeline",
    "KINDS": "forge_loop.domain.events",
    "QUIET": "forge_loop.cli.event_lines",
    "STATE_VARIABLE": "forge_loop.config.paths",
    "TICK_SECONDS": "forge_loop.domain.tallies",
    "AccountLimit": "forge_loop.runner.driving",
    "Attempt": "forge_loop.domain.job",
    "Briefs": "forge_loop.briefs",
    "Category": "forge_loop.domain.review",
    "CheckRow": "forge_loop.store",
    "Database": "forge_loop.database",
    "Entry": "forge_loop.config.nodes",
    "FailureKind": "forge_loop.domain.job",
    "FileNow": "forge_loop.cli.node_standing",
    "FindingRow": "forge_loop.store",
    "Invocation": "forge_loop.cli.invocation",
    "Issue": "forge_loop.domain.issue",
    "Job": "forge_loop.domain.job",
    "JobState": "forge_loop.domain.job",
    "Level": "forge_loop.cli.situation",
    "Listing": "forge_loop.config.nodes",
    "LoopLock": "forge_loop.runner.lock",
    "MalformedReport": "forge_loop.domain.review",
    "Node": "forge_loop.config.nodes",
    "NodeKind": "forge_loop.domain.pipeline",
    "NodeState": "forge_loop.domain.pipeline",
    "Overall": "forge_loop.domain.review",
    "Pipeline": "forge_loop.domain.pipeline",
    "PipelineNode": "forge_loop.domain.pipeline:Node",
    "Policy": "forge_loop.domain.retry",
    "Project": "forge_loop.cli.project",
    "QueuedJob": "forge_loop.queue",
    "ReadOnlyDatabase": "forge_loop.database",
    "Reason": "forge_loop.domain.reason",
    "RecordedOrder": "forge_loop.runner.recorded",
    "Reloading": "forge_loop.cli.project",
    "RequestRow": "forge_loop.store",
    "ReviewRow": "forge_loop.store",
    "Role": "forge_loop.domain.session",
    "Scalar": "forge_loop.config.nodes",
    "SessionOutcome": "forge_loop.domain.session",
    "SessionRow": "forge_loop.domain.job",
    "Severity": "forge_loop.domain.severity",
    "Situation": "forge_loop.cli.situation",
    "Slots": "forge_loop.ports",
    "StateLayout": "forge_loop.config.layout",
    "Stopping": "forge_loop.cli.stopping",
    "Store": "forge_loop.store",
    "Table": "forge_loop.config.nodes",
    "Timing": "forge_loop.runner",
    "Tracker": "forge_loop.ports",
    "Trial": "forge_loop.trial",
    "Until": "forge_loop.runner",
    "When": "forge_loop.domain.pipeline",
    "Wired": "forge_loop.bootstrap",
    "account_limit": "forge_loop.runner.driving",
    "as_json": "forge_loop.cli.options",
    "ask": "forge_loop.cli.asking",
    "build": "forge_loop.bootstrap",
    "carry_over": "forge_loop.runner.findings",
    "current_branch": "forge_loop.git.checkout",
    "demand": "forge_loop.runner.driving",
    "duration": "forge_loop.config.quantities",
    "explained": "forge_loop.cli.dry_run",
    "explanation_lines": "forge_loop.cli.explain:lines",
    "file_identity": "forge_loop.cli.project",
    "find_process": "forge_loop.agents.processes:find",
    "find_project": "forge_loop.cli.project",
    "is_suspicious": "forge_loop.domain.review",
    "issue_number": "forge_loop.cli.options",
    "label_ready": "forge_loop.cli.approving",
    "look_at": "forge_loop.cli.preconditions:look",
    "nearest": "forge_loop.config.values",
    "node_standing": "forge_loop.cli.node_standing",
    "open_read_only": "forge_loop.database",
    "open_store": "forge_loop.store",
    "own_brief": "forge_loop.briefs",
    "park": "forge_loop.runner.driving",
    "parse_expansion": "forge_loop.domain.spec",
    "parse_verdict": "forge_loop.domain.review",
    "parse_worker_report": "forge_loop.domain.worker_report",
    "past_diff": "forge_loop.trial",
    "pipeline_problems": "forge_loop.domain.pipeline:problems",
    "policy": "forge_loop.domain.retry",
    "prepare_state_directory": "forge_loop.config.paths",
    "project_directory": "forge_loop.config.paths",
    "put_request": "forge_loop.cli.asking",
    "read_issue": "forge_loop.cli.explain",
    "read_jobs": "forge_loop.queue",
    "read_yaml": "forge_loop.config.strict_yaml:read",
    "readable": "forge_loop.cli.event_lines",
    "reading": "forge_loop.cli.project",
    "recorded_order": "forge_loop.runner.recorded",
    "rfc3339": "forge_loop.domain.recorded",
    "settings_rows": "forge_loop.config.show:show",
    "shared": "forge_loop.cli.options",
    "state_home": "forge_loop.config.paths",
    "status_line": "forge_loop.cli.status:short_line",
    "taken_up": "forge_loop.trial",
    "tracker": "forge_loop.bootstrap",
    "usable_pipeline": "forge_loop.bootstrap",
    "visible": "forge_loop.domain.hidden_text",
    "works": "forge_loop.cli.dry_run",
    "writing": "forge_loop.cli.project",
}


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
