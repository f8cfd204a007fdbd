"""The local forge: issues are Markdown files in the checkout, the code host is a bare repository on this disk.

Owns: both adapters and how they are set up. Must not: need an account or the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.forge.local.backlog import BacklogTracker, NewIssue, init_backlog
    from forge_loop.forge.local.code_host import LocalCodeHost
    from forge_loop.forge.local.origin import create_origin

__all__ = [
    "BacklogTracker",
    "LocalCodeHost",
    "NewIssue",
    "create_origin",
    "init_backlog",
]

# Each is loaded when it is first asked for (PEP 562): reading an issue needs no code host.
_HOMES = {
    "BacklogTracker": "forge_loop.forge.local.backlog",
    "LocalCodeHost": "forge_loop.forge.local.code_host",
    "NewIssue": "forge_loop.forge.local.backlog",
    "create_origin": "forge_loop.forge.local.origin",
    "init_backlog": "forge_loop.forge.local.backlog",
}

__getattr__ = lazily(__name__, _HOMES)
