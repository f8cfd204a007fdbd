"""A read-only view of a state directory: what the loop does, and why an issue does or does not move.

Owns: what `status`, `explain`, a dashboard and metrics read; one module for each thing that is looked at. Must not:
write, or need a running loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.status.explaining import Reading, explain_issue
    from forge_loop.status.fleet import FleetStatus, RepositoryStatus, read_fleet
    from forge_loop.status.loop import LoopStatus, SessionStatus, Status, read
    from forge_loop.status.nodes import NodeStatus, read_nodes
    from forge_loop.status.opening import is_running, open_store_read_only
    from forge_loop.status.shapes import explain_shape, status_shape
    from forge_loop.status.short import Glance, glance

__all__ = [
    "FleetStatus",
    "Glance",
    "LoopStatus",
    "NodeStatus",
    "Reading",
    "RepositoryStatus",
    "SessionStatus",
    "Status",
    "explain_issue",
    "explain_shape",
    "glance",
    "is_running",
    "open_store_read_only",
    "read",
    "read_fleet",
    "read_nodes",
    "status_shape",
]

# Each is loaded when it is first asked for (PEP 562): `status --short` does not pay for what `explain` needs.
_HOMES = {
    "FleetStatus": "forge_loop.status.fleet",
    "Glance": "forge_loop.status.short",
    "LoopStatus": "forge_loop.status.loop",
    "NodeStatus": "forge_loop.status.nodes",
    "Reading": "forge_loop.status.explaining",
    "RepositoryStatus": "forge_loop.status.fleet",
    "SessionStatus": "forge_loop.status.loop",
    "Status": "forge_loop.status.loop",
    "explain_issue": "forge_loop.status.explaining",
    "explain_shape": "forge_loop.status.shapes",
    "glance": "forge_loop.status.short",
    "is_running": "forge_loop.status.opening",
    "open_store_read_only": "forge_loop.status.opening",
    "read": "forge_loop.status.loop",
    "read_fleet": "forge_loop.status.fleet",
    "read_nodes": "forge_loop.status.nodes",
    "status_shape": "forge_loop.status.shapes",
}

__getattr__ = lazily(__name__, _HOMES)
