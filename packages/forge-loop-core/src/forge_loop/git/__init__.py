"""Everything git: the loop's own repository, the clones that agents work in, and what is taken back from them.

Owns: every git command the loop runs. Must not: run git on a git directory that an agent can write to; the
configuration, hooks and index in use are always the loop's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.git.access import Access, with_token
    from forge_loop.git.control import ControlRepository
    from forge_loop.git.workspaces import LocalWorkspaces

__all__ = [
    "Access",
    "ControlRepository",
    "LocalWorkspaces",
    "with_token",
]

# Each is loaded when it is first asked for (PEP 562): opening a file plainly needs no repository.
_HOMES = {
    "Access": "forge_loop.git.access",
    "ControlRepository": "forge_loop.git.control",
    "LocalWorkspaces": "forge_loop.git.workspaces",
    "with_token": "forge_loop.git.access",
}

__getattr__ = lazily(__name__, _HOMES)
