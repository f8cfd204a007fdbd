"""The composition root: which adapter stands behind which port.

Owns: building adapters; nothing else does. Must not: decide anything else.

wiring         settings -> a wired runner          trackers    the project's tracker, for the operator
project_files  the project's briefs and pipeline   sinks       those that the settings name
clock          the system's
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.bootstrap.project_files import BRIEFS, usable_briefs, usable_pipeline
    from forge_loop.bootstrap.sinks import configured_sinks
    from forge_loop.bootstrap.trackers import backlog, github, tracker
    from forge_loop.bootstrap.wiring import Wired, build, confinement, local_code_host

__all__ = [
    "BRIEFS",
    "Wired",
    "backlog",
    "build",
    "configured_sinks",
    "confinement",
    "github",
    "local_code_host",
    "tracker",
    "usable_briefs",
    "usable_pipeline",
]

_HOMES = {
    "BRIEFS": "forge_loop.bootstrap.project_files",
    "Wired": "forge_loop.bootstrap.wiring",
    "backlog": "forge_loop.bootstrap.trackers",
    "build": "forge_loop.bootstrap.wiring",
    "configured_sinks": "forge_loop.bootstrap.sinks",
    "confinement": "forge_loop.bootstrap.wiring",
    "github": "forge_loop.bootstrap.trackers",
    "local_code_host": "forge_loop.bootstrap.wiring",
    "tracker": "forge_loop.bootstrap.trackers",
    "usable_briefs": "forge_loop.bootstrap.project_files",
    "usable_pipeline": "forge_loop.bootstrap.project_files",
}

__getattr__ = lazily(__name__, _HOMES)
