"""The local forge: issues are Markdown files in the checkout, the code host is a bare repository on this disk.

Owns: both adapters and how they are set up. Must not: need an account or the network.
"""

from forge_loop.forge.local.backlog import BacklogTracker, NewIssue, init_backlog
from forge_loop.forge.local.code_host import LocalCodeHost
from forge_loop.forge.local.origin import create_origin

__all__ = ["BacklogTracker", "LocalCodeHost", "NewIssue", "create_origin", "init_backlog"]
