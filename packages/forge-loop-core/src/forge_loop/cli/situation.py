"""What the preconditions look at, and what each of them finds.

Owns: both shapes. Must not: look at anything before it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from forge_loop import bootstrap
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.project import Project, find_project
from forge_loop.config.paths import project_directory
from forge_loop.git.checkout import current_branch

if TYPE_CHECKING:
    from forge_loop.forge.github import GitHub


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a check found. `hint` is the one thing to do about it."""

    level: Level
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Situation:
    """What the checks look at; each part is found when it is first asked for, and may raise."""

    given: Invocation

    @cached_property
    def directory(self) -> Path:
        return project_directory(self.given.directory)

    @cached_property
    def project(self) -> Project:
        return find_project(self.given)

    @cached_property
    def github(self) -> GitHub:
        """Where the forge is GitHub."""
        return bootstrap.github(self.project.settings, self.given.environ)

    @cached_property
    def base(self) -> str:
        return self.project.settings.base or current_branch(self.directory)


def ok(text: str) -> Finding:
    return Finding(level=Level.OK, text=text)


def warn(text: str, hint: str = "") -> Finding:
    return Finding(level=Level.WARN, text=text, hint=hint)


def fail(text: str, hint: str = "") -> Finding:
    return Finding(level=Level.FAIL, text=text, hint=hint)
