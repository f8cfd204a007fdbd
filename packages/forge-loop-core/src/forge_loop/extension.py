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
    from forge_loop.bootstrap import Wired
    from forge_loop.config.nodes import Entry, Node, Scalar, Table
    from forge_loop.config.strict_yaml import read as read_yaml
    from forge_loop.config.values import nearest
    from forge_loop.database import Database, open_read_only
    from forge_loop.domain.events import rfc3339
    from forge_loop.ports import Slots
    from forge_loop.runner import Until
    from forge_loop.runner.driving import AccountLimit, account_limit, demand, park

__all__ = [
    "AccountLimit",
    "Database",
    "Entry",
    "Node",
    "Scalar",
    "Slots",
    "Table",
    "Until",
    "Wired",
    "account_limit",
    "demand",
    "find_process",
    "nearest",
    "open_read_only",
    "park",
    "read_yaml",
    "rfc3339",
]

# Where each name is defined: its module, and after a colon what it is called there, if that differs.
_HOMES: Mapping[str, str] = {
    "AccountLimit": "forge_loop.runner.driving",
    "Database": "forge_loop.database",
    "Entry": "forge_loop.config.nodes",
    "Node": "forge_loop.config.nodes",
    "Scalar": "forge_loop.config.nodes",
    "Slots": "forge_loop.ports",
    "Table": "forge_loop.config.nodes",
    "Until": "forge_loop.runner",
    "Wired": "forge_loop.bootstrap",
    "account_limit": "forge_loop.runner.driving",
    "demand": "forge_loop.runner.driving",
    "find_process": "forge_loop.agents.processes:find",
    "nearest": "forge_loop.config.values",
    "open_read_only": "forge_loop.database",
    "park": "forge_loop.runner.driving",
    "read_yaml": "forge_loop.config.strict_yaml:read",
    "rfc3339": "forge_loop.domain.events",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        home, _, called = _HOMES[name].partition(":")
        return getattr(import_module(home), called or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
