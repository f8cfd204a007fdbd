"""Setting up a backlog, and writing a new issue into one.

Owns: the first files, the next number, the name of a file. Must not: write outside `backlog/`, except for the lock that
Backlog.md keeps in git's own directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forge_loop.config import strict_yaml
from forge_loop.errors import ConfigError, GitError, OperatorError, RefusedError
from forge_loop.forge.local.backlog.folder import DRAFTS, ENDED, LIVE, Folder, replace_file
from forge_loop.forge.local.backlog.issue_file import IssueFile, Unusable, parse
from forge_loop.forge.local.backlog.lock import held
from forge_loop.forge.local.backlog.patching import scalar, stamp
from forge_loop.forge.local.backlog.reading import PRIORITIES
from forge_loop.forge.local.backlog.sections import without_markers
from forge_loop.forge.local.origin import git_of

STATUSES = ("To Do", "In Progress", "Review", "Blocked", "Done")
CONFIG = "config.yml"
PREFIX = "task"

# Remote operations and active branches are off: they would show the copies in workers' branches as issues.
_CONFIG = """\
project_name: {name}
default_status: To Do
statuses: [{statuses}]
labels: []
date_format: yyyy-mm-dd
max_column_width: 20
auto_open_browser: true
default_port: 6420
remote_operations: false
auto_commit: false
filesystem_only: false
bypass_git_hooks: false
check_active_branches: false
active_branch_days: 30
task_prefix: task
"""

_NEW = """\
---
id: {prefix}-{number}
title: {title}
status: To Do
assignee: []
created_date: '{created}'
labels: {labels}
dependencies: []
{priority}---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
{body}
<!-- SECTION:DESCRIPTION:END -->
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewIssue:
    """An issue about to be written. `priority` is high, medium, low or None."""

    title: str
    body: str
    labels: tuple[str, ...]
    priority: str | None
    at: datetime


def init_backlog(checkout: Path) -> Path:
    """Make `backlog/` with its configuration where it is missing; what is there stays. Returns the directory."""
    root = checkout / "backlog"
    for place in (LIVE, DRAFTS, *ENDED):
        (root / place).mkdir(parents=True, exist_ok=True)
    if not (root / CONFIG).exists():
        statuses = ", ".join(f'"{status}"' for status in STATUSES)
        replace_file(root / CONFIG, _CONFIG.format(name=scalar(checkout.name), statuses=statuses).encode())
    return root


def add_issue(checkout: Path, folder: Folder, draft: NewIssue, *, pause: Callable[[float], None]) -> int:
    """Write a new file under the next number that nothing ever had, archived issues included."""
    if draft.priority is not None and draft.priority not in PRIORITIES:
        raise OperatorError(f"{draft.priority!r} is no priority", hint=f"one of {', '.join(PRIORITIES)}")
    if not draft.title.strip():
        raise RefusedError("an issue needs a title")
    prefix = _prefix(folder.root)
    with held(_create_lock(checkout, folder), pause=pause):
        number = folder.highest() + 1
        path = folder.root / LIVE / f"{prefix}-{number} - {slug(draft.title)}.md"
        replace_file(path, _render(path.name, prefix, number, draft).raw)
    return number


def slug(title: str) -> str:
    """A title as a part of a file's name: letters, digits, dots and hyphens, at most 60 characters."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", title)[:60].strip("-.") or "untitled"


def _render(name: str, prefix: str, number: int, draft: NewIssue) -> IssueFile:
    text = _NEW.format(
        prefix=prefix.upper(),
        number=number,
        title=scalar(draft.title.strip()),
        created=stamp(draft.at),
        labels="".join(f"\n  - {scalar(label)}" for label in draft.labels) or "[]",
        priority=f"priority: {draft.priority}\n" if draft.priority else "",
        body=without_markers(draft.body.replace("\r\n", "\n")).strip(),
    )
    try:
        return parse(name, text.replace("labels: \n", "labels:\n").encode())
    except Unusable as error:
        raise RefusedError(f"the issue cannot be written: {error}") from error


def _prefix(root: Path) -> str:
    """The project's own prefix of ids; Backlog.md never changes it once it is set."""
    try:
        settings = strict_yaml.plain((root / CONFIG).read_text(), CONFIG)
    except (OSError, ConfigError, UnicodeDecodeError):
        return PREFIX
    prefix = settings.get("task_prefix") if isinstance(settings, dict) else None
    return prefix if isinstance(prefix, str) and re.fullmatch("[A-Za-z]+", prefix) else PREFIX


def _create_lock(checkout: Path, folder: Folder) -> Path:
    """Backlog.md keeps it in git's common directory; without git there is nobody to share it with."""
    try:
        common = git_of(checkout).text("rev-parse", "--path-format=absolute", "--git-common-dir")
    except GitError:
        return folder.root / ".locks" / "create"
    return Path(common) / "backlog.md" / "locks" / "create"
