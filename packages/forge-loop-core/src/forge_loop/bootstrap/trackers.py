"""The project's tracker, for reading and for the operator's hand.

Owns: which one the settings mean. Must not: load the other one, or anything of the runner: `explain` is a glance.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forge_loop.bootstrap.clock import SystemClock
from forge_loop.config.model import ForgeKind, Settings

if TYPE_CHECKING:
    from forge_loop.forge.github import GitHub, GitHubTracker
    from forge_loop.forge.local import BacklogTracker

    OperatorsTracker = BacklogTracker | GitHubTracker


def tracker(project: Path, settings: Settings, environ: Mapping[str, str]) -> OperatorsTracker:
    """The project's tracker, for reading and for the operator's hand."""
    if settings.forge is ForgeKind.GITHUB:
        return github(settings, environ).tracker
    return backlog(project, settings)


def backlog(project: Path, settings: Settings) -> BacklogTracker:
    """The local forge's tracker."""
    from forge_loop.forge.local import BacklogTracker

    return BacklogTracker(project, ready_label=settings.labels.ready)


def github(settings: Settings, environ: Mapping[str, str]) -> GitHub:
    """The GitHub of these settings. Raises OperatorError, AuthenticationError."""
    from forge_loop.forge.github import open_github

    return open_github(settings, environ, SystemClock())
