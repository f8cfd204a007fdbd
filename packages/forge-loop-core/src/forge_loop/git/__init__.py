"""Everything git: the loop's own repository, the clones that agents work in, and what is taken back from them.

Owns: every git command the loop runs. Must not: run git on a git directory that an agent can write to; the
configuration, hooks and index in use are always the loop's own.
"""

from forge_loop.git.access import Access, with_token
from forge_loop.git.control import ControlRepository
from forge_loop.git.workspaces import LocalWorkspaces

__all__ = ["Access", "ControlRepository", "LocalWorkspaces", "with_token"]
