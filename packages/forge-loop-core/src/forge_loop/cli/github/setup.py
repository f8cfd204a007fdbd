"""A project is set up for GitHub: which repository it is, and the labels the loop speaks with.

Owns: reading the checkout's remote, creating the labels. Must not: push, or put a label on an issue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_loop import bootstrap
from forge_loop.config.model import Labels, Settings
from forge_loop.errors import GitError, OperatorError
from forge_loop.forge.local.origin import git_of

REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_HTTP = re.compile(r"(https?)://(?:[^/@]*@)?([^/]+)/([^/]+/[^/]+?)(?:\.git)?/?")
_SSH = re.compile(r"(?:ssh://)?(?:[^@/]+@)([^:/]+)(?::\d+/|[:/])([^/]+/[^/]+?)(?:\.git)?/?")
PUBLIC = "https://github.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A repository and the address of the GitHub that it is at."""

    url: str
    repository: str

    @property
    def values(self) -> Mapping[str, object]:
        """What is written to the settings."""
        return {"repository": self.repository, **({} if self.url == PUBLIC else {"github.url": self.url})}


def find_repository(project: Path, asked: str | None) -> Found:
    """`asked` (owner/name, at github.com or where the remote is), else the remote `origin`. Raises OperatorError."""
    remote = _of_remote(project)
    if asked is not None:
        if REPOSITORY.fullmatch(asked) is None:
            raise OperatorError(f"{asked!r} is no owner/name", hint="--repo octocat/hello-world")
        return Found(url=remote.url if remote is not None else PUBLIC, repository=asked)
    if remote is None:
        raise OperatorError("the checkout has no remote `origin` at a GitHub", hint="--repo OWNER/NAME")
    return remote


def parse_remote(address: str) -> Found | None:
    """What a remote's address says; None for a path."""
    if (match := _HTTP.fullmatch(address)) is not None:
        return Found(url=f"{match[1]}://{match[2]}", repository=match[3])
    if (match := _SSH.fullmatch(address)) is not None:
        return Found(url=f"https://{match[1]}", repository=match[2])
    return None


def create_labels(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Create those of the loop's labels that are missing; which."""
    from forge_loop.forge.github.survey import create_label, missing_labels

    hub = bootstrap.github(settings, environ)
    wanted = _labels(settings.labels)
    missing = missing_labels(hub.repository, wanted)
    for name in missing:
        colour, text = wanted[name]
        create_label(hub.repository, name, colour=colour, text=text)
    return missing


def _labels(labels: Labels) -> dict[str, tuple[str, str]]:
    """Each with its colour and what it tells a reader."""
    return {
        labels.ready: ("0e8a16", "A person approves this text: forge-loop may work on it"),
        labels.blocked: ("b60205", "forge-loop gave up on it; the note says why"),
        labels.risk: ("d93f0b", "Never merged without a person"),
        labels.needs_human: ("fbca04", "forge-loop handed it over; the note says why"),
    }


def _of_remote(project: Path) -> Found | None:
    try:
        return parse_remote(git_of(project).text("config", "--get", "remote.origin.url"))
    except GitError:
        return None
