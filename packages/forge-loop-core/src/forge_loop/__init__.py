"""forge-loop: an autonomous dispatcher for Claude Code. This is the whole public API; everything else is private.

Owns: which names are public, and that importing them is cheap: each is loaded when it is first asked for (PEP 562).
Must not: define anything but the version, or import at import time.

    Queue, InMemoryQueue, SQLiteQueue, open_queue     a queue usable on its own
    status.read(state_dir)                            what the loop does now, read-only
    Event and its kinds, Recorded                     what a sink hears
    EventSink, SinkSetup                              what a satellite registers in `forge_loop.event_sinks`, and gets
    Settings                                          the resolved configuration
    Command                                           what a satellite registers in `forge_loop.commands`
    ForgeLoopError and its subclasses                 every error raised on purpose, drawn in forge_loop.errors
"""

# ruff: noqa: F403, F405  # the star imports are for type checkers; __all__ says which of those names are public

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_loop import status
    from forge_loop.config.model import Settings
    from forge_loop.domain.events import *
    from forge_loop.domain.recorded import Recorded
    from forge_loop.errors import *
    from forge_loop.plugins import Command, SinkSetup
    from forge_loop.ports import EventSink
    from forge_loop.queue import InMemoryQueue, Queue, SQLiteQueue, open_queue

__version__ = "0.1.0"

__all__ = [
    "AgentError",
    "AttemptFinished",
    "AttemptStarted",
    "AuthenticationError",
    "BriefError",
    "CandidateHarvested",
    "CandidateRefused",
    "CheckFinished",
    "CheckStarted",
    "Command",
    "ConfigError",
    "ConfigRejected",
    "ConfigReloaded",
    "DatabaseBusyError",
    "DatabaseDamagedError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseNewerError",
    "DatabaseOlderError",
    "DeployFinished",
    "EffectDone",
    "EffectFailed",
    "EffectIntended",
    "EffectSettled",
    "Event",
    "EventSink",
    "FindingClosed",
    "FindingOpened",
    "ForgeError",
    "ForgeLoopError",
    "GitError",
    "HookFailed",
    "HostChecksChanged",
    "IllegalTransition",
    "InMemoryQueue",
    "IssueApproved",
    "IssueRefused",
    "IssueReleased",
    "JobAdvanced",
    "JobCancelled",
    "JobClaimed",
    "JobCooledDown",
    "JobGivenUp",
    "JobHandedOver",
    "JobMerged",
    "JobQueued",
    "JobYielded",
    "LeaseLost",
    "LoopHalted",
    "LoopPaced",
    "LoopParked",
    "LoopPaused",
    "LoopResumed",
    "LoopRunningError",
    "LoopStarted",
    "LoopStopped",
    "LoopUnparked",
    "MaintenanceFinished",
    "MaintenanceProposed",
    "MaintenanceStarted",
    "MergeRefused",
    "MissingDistributionError",
    "NoSuchDeadJobError",
    "NoSuchIssueError",
    "NodeFinished",
    "NodeStarted",
    "OperatorError",
    "PullRequestMerged",
    "PullRequestOpened",
    "PullRequestUpdated",
    "Queue",
    "QueueError",
    "Recorded",
    "RefusedError",
    "RemarkReceived",
    "RequestApplied",
    "RequestRefused",
    "ReviewFinished",
    "ReviewStarted",
    "SQLiteQueue",
    "SessionActivity",
    "SessionEndedEvent",
    "SessionLimitHit",
    "SessionPermissionDenied",
    "SessionStalled",
    "SessionStarted",
    "Settings",
    "SinkFailed",
    "SinkRecovered",
    "SinkSetup",
    "SpecExpanded",
    "SpecProposed",
    "StorageLow",
    "TickFinished",
    "UnreadableError",
    "UnsupportedPlaceError",
    "WatchdogEndedSession",
    "WorkSalvaged",
    "WorkspaceCreated",
    "WorkspaceRemoved",
    "__version__",
    "open_queue",
    "status",
]

_HOMES = {
    "Command": "forge_loop.plugins",
    "EventSink": "forge_loop.ports",
    "InMemoryQueue": "forge_loop.queue",
    "Queue": "forge_loop.queue",
    "Recorded": "forge_loop.domain.recorded",
    "SQLiteQueue": "forge_loop.queue",
    "SinkSetup": "forge_loop.plugins",
    "Settings": "forge_loop.config.model",
    "open_queue": "forge_loop.queue",
}


def __getattr__(name: str) -> object:
    if name == "status":
        return import_module("forge_loop.status")
    if name in __all__:
        return getattr(import_module(_home(name)), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _home(name: str) -> str:
    if name in _HOMES:
        return _HOMES[name]
    return "forge_loop.errors" if hasattr(import_module("forge_loop.errors"), name) else "forge_loop.domain.events"


def __dir__() -> list[str]:
    return sorted(__all__)
