"""The tracker over Backlog.md files: reading, patching, locking, creating.

Owns: everything that knows the format. Must not: run Backlog.md, or write anything but the fields and sections that are
the loop's to write.
"""

from forge_loop.forge.local.backlog.new import NewIssue, init_backlog
from forge_loop.forge.local.backlog.tracker import BacklogTracker

__all__ = ["BacklogTracker", "NewIssue", "init_backlog"]
