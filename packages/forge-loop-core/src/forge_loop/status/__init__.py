"""A read-only view of a state directory: what the loop does, and why an issue does or does not move.

Owns: what `status`, `explain`, a dashboard and metrics read; one module for each thing that is looked at. Must not:
write, or need a running loop.
"""

from forge_loop.status.explaining import Reading, explain_issue
from forge_loop.status.loop import LoopStatus, SessionStatus, Status, read
from forge_loop.status.opening import is_running, open_store_read_only
from forge_loop.status.shapes import explain_shape, status_shape

__all__ = [
    "LoopStatus",
    "Reading",
    "SessionStatus",
    "Status",
    "explain_issue",
    "explain_shape",
    "is_running",
    "open_store_read_only",
    "read",
    "status_shape",
]
