"""The narrow door for satellites: what they must drive or reuse of core beyond its public API.

Owns: the list of those names, each loaded when it is first asked for (PEP 562). A name enters together with the
satellite that imports it, and leaves with it; a test holds both. Must not: define anything itself, offer a name that
nothing in this repository uses, or be imported by core: it stands above everything, because a satellite's command is
wired and speaks like one of core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_loop.agents.processes import find as find_process
    from forge_loop.bootstrap import Wired, build
    from forge_loop.cli.asking import put as put_request
    from forge_loop.cli.dry_run import explained, works
    from forge_loop.cli.event_lines import QUIET, readable
    from forge_loop.cli.explain import lines as explanation_lines
    from forge_loop.cli.explain import read_issue
    from forge_loop.cli.invocation import Invocation
    from forge_loop.cli.options import as_json, issue_number, shared
    from forge_loop.cli.preconditions import CHECKS, Level, Situation
    from forge_loop.cli.preconditions import look as look_at
    from forge_loop.cli.project import Project, Reloading, find_project
    from forge_loop.cli.status import short_line as status_line
    from forge_loop.cli.stopping import Stopping
    from forge_loop.config.layout import StateLayout
    from forge_loop.config.nodes import Entry, Node, Scalar, Table
    from forge_loop.config.paths import STATE_VARIABLE, prepare_state_directory, project_directory, state_home
    from forge_loop.config.quantities import duration
    from forge_loop.config.strict_yaml import read as read_yaml
    from forge_loop.config.values import nearest
    from forge_loop.database import Database, open_read_only
    from forge_loop.domain.events import KINDS, rfc3339
    from forge_loop.domain.reason import Reason
    from forge_loop.ports import Slots
    from forge_loop.runner import Timing, Until
    from forge_loop.runner.driving import AccountLimit, account_limit, demand, park
    from forge_loop.runner.lock import LoopLock
    from forge_loop.store import open_store

__all__ = [
    "CHECKS",
    "KINDS",
    "QUIET",
    "STATE_VARIABLE",
    "AccountLimit",
    "Database",
    "Entry",
    "Invocation",
    "Level",
    "LoopLock",
    "Node",
    "Project",
    "Reason",
    "Reloading",
    "Scalar",
    "Situation",
    "Slots",
    "StateLayout",
    "Stopping",
    "Table",
    "Timing",
    "Until",
    "Wired",
    "account_limit",
    "as_json",
    "build",
    "demand",
    "duration",
    "explained",
    "explanation_lines",
    "find_process",
    "find_project",
    "issue_number",
    "look_at",
    "nearest",
    "open_read_only",
    "open_store",
    "park",
    "prepare_state_directory",
    "project_directory",
    "put_request",
    "read_issue",
    "read_yaml",
    "readable",
    "rfc3339",
    "shared",
    "state_home",
    "status_line",
    "works",
]

# Where each name is defined: its module, and after a colon what it is called there, if that differs.
_HOMES: Mapping[str, str] = {
    "CHECKS": "forge_loop.cli.preconditions",
    "KINDS": "forge_loop.domain.events",
    "QUIET": "forge_loop.cli.event_lines",
    "STATE_VARIABLE": "forge_loop.config.paths",
    "AccountLimit": "forge_loop.runner.driving",
    "Database": "forge_loop.database",
    "Entry": "forge_loop.config.nodes",
    "Invocation": "forge_loop.cli.invocation",
    "Level": "forge_loop.cli.preconditions",
    "LoopLock": "forge_loop.runner.lock",
    "Node": "forge_loop.config.nodes",
    "Project": "forge_loop.cli.project",
    "Reason": "forge_loop.domain.reason",
    "Reloading": "forge_loop.cli.project",
    "Scalar": "forge_loop.config.nodes",
    "Situation": "forge_loop.cli.preconditions",
    "Slots": "forge_loop.ports",
    "StateLayout": "forge_loop.config.layout",
    "Stopping": "forge_loop.cli.stopping",
    "Table": "forge_loop.config.nodes",
    "Timing": "forge_loop.runner",
    "Until": "forge_loop.runner",
    "Wired": "forge_loop.bootstrap",
    "account_limit": "forge_loop.runner.driving",
    "as_json": "forge_loop.cli.options",
    "build": "forge_loop.bootstrap",
    "demand": "forge_loop.runner.driving",
    "duration": "forge_loop.config.quantities",
    "explained": "forge_loop.cli.dry_run",
    "explanation_lines": "forge_loop.cli.explain:lines",
    "find_process": "forge_loop.agents.processes:find",
    "find_project": "forge_loop.cli.project",
    "issue_number": "forge_loop.cli.options",
    "look_at": "forge_loop.cli.preconditions:look",
    "nearest": "forge_loop.config.values",
    "open_read_only": "forge_loop.database",
    "open_store": "forge_loop.store",
    "park": "forge_loop.runner.driving",
    "prepare_state_directory": "forge_loop.config.paths",
    "project_directory": "forge_loop.config.paths",
    "put_request": "forge_loop.cli.asking:put",
    "read_issue": "forge_loop.cli.explain",
    "read_yaml": "forge_loop.config.strict_yaml:read",
    "readable": "forge_loop.cli.event_lines",
    "rfc3339": "forge_loop.domain.events",
    "shared": "forge_loop.cli.options",
    "state_home": "forge_loop.config.paths",
    "status_line": "forge_loop.cli.status:short_line",
    "works": "forge_loop.cli.dry_run",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        home, _, called = _HOMES[name].partition(":")
        return getattr(import_module(home), called or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
