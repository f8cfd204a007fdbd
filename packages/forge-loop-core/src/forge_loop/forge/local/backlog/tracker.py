"""The tracker over Backlog.md files in the operator's checkout.

Owns: the Tracker port, and the operator's own acts (approve, set a status). Must not: commit, or give the ready label
on its own account.
"""

from __future__ import annotations

import os
import pwd
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from forge_loop.config.model import Labels
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.errors import ForgeError, NoSuchIssueError, RefusedError
from forge_loop.forge.local.backlog import patching
from forge_loop.forge.local.backlog.folder import Folder, Found, read_plainly, replace_file
from forge_loop.forge.local.backlog.issue_file import IssueFile, parse
from forge_loop.forge.local.backlog.lock import TRIES, held
from forge_loop.forge.local.backlog.new import NewIssue, add_issue
from forge_loop.forge.local.backlog.reading import DONE, as_issue, body, number_of, text

BACKLOG = "backlog"
_CHANGED = frozenset({"status", "updated_date", "labels"})

Change = Callable[[IssueFile], IssueFile]


def utc_now() -> datetime:
    return datetime.now(UTC)


class BacklogTracker:
    """Issues below `checkout/backlog`.

    `ready_label` is the one that the loop never gives. `pause` waits between two tries for a lock.
    """

    def __init__(
        self,
        checkout: Path,
        *,
        ready_label: str = Labels().ready,
        now: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._checkout = checkout
        self._folder = Folder(checkout / BACKLOG)
        self._ready_label = ready_label
        self._now = now
        self._pause = pause
        self._writing = threading.Lock()

    def open_issues(self) -> Sequence[Issue]:
        found = sorted(self._folder.live(), key=lambda entry: entry.number)
        grouped = groupby(found, key=lambda entry: entry.number)
        issues = [_issue(list(entries), live=True) for _, entries in grouped]
        return [issue for issue in issues if issue.open]

    def issue(self, number: int) -> Issue:
        found, live = self._folder.holding(number)
        if not found:
            raise NoSuchIssueError(number)
        return _issue(found, live=live)

    def ignored(self) -> Sequence[str]:
        """Files among the issues that are none, each with the reason."""
        return self._folder.ignored()

    def labelled(self, issue: Issue, label: str) -> LabelEvent | None:
        """Files keep no history: whoever owns the file answers for what is in it."""
        found, _ = self._folder.holding(issue.number)
        if not found or label not in _issue(found, live=True).labels:
            return None
        owners = {entry.owner for entry in found}
        return LabelEvent(actor=_account(owners), trusted=owners == {os.getuid()}, at=None)

    def add_label(self, number: int, label: str) -> None:
        if label == self._ready_label:
            raise RefusedError(f"{label!r} is for a person to give")
        self._edit(number, lambda file: patching.with_label(file, label))

    def remove_label(self, number: int, label: str) -> None:
        self._edit(number, lambda file: patching.without_label(file, label))

    def approve(self, number: int) -> None:
        """The operator's own act: give the ready label. The loop never calls this."""
        self._edit(number, lambda file: patching.with_label(file, self._ready_label))

    def post_note(self, number: int, key: str, text: str) -> None:
        self._edit(number, lambda file: patching.with_note(file, key, text))

    def note(self, number: int, key: str) -> str | None:
        found, _ = self._folder.holding(number)
        if not found:
            raise NoSuchIssueError(number)
        return patching.note_of(_only(found)[1], key)

    def close(self, number: int, summary: str) -> None:
        if self.issue(number).open:
            self._edit(number, lambda file: _done(file, summary))

    def set_status(self, number: int, status: str) -> None:
        self._edit(number, lambda file: _with_status(file, status))

    def add(self, title: str, body: str, *, labels: Iterable[str] = (), priority: str | None = None) -> int:
        """The operator's own act: write a new issue. Returns its number. `priority` is high, medium, low or None."""
        draft = NewIssue(title=title, body=body, labels=tuple(labels), priority=priority, at=self._now())
        with self._writing:
            return add_issue(self._checkout, self._folder, draft, pause=self._pause)

    def _edit(self, number: int, change: Change) -> None:
        """Change one file under its lock. An edit by anyone else meanwhile is read and built upon, never lost."""
        with self._writing:
            for _ in range(TRIES):
                found, _ = self._folder.holding(number)
                if not found:
                    raise NoSuchIssueError(number)
                path, file = _only(found)
                with held(self._folder.lock(text(file, "id")), pause=self._pause):
                    if self._apply(path, change):
                        return
        raise ForgeError(f"{path.name} keeps changing; nothing was written")

    def _apply(self, path: Path, change: Change) -> bool:
        """False if the file was changed by someone else between reading and writing."""
        _, raw = read_plainly(path)
        before = parse(path.name, raw)
        after = change(before)
        if after.raw == before.raw:
            return True
        after = patching.with_field(after, "updated_date", patching.stamp(self._now()))
        _check_untouched(before, after)
        if read_plainly(path)[1] != raw:
            return False
        replace_file(path, after.raw)
        return True


def _issue(found: Sequence[Found], *, live: bool) -> Issue:
    first = found[0]
    if len(found) > 1:
        names = ", ".join(entry.path.name for entry in found)
        return _unreadable(first, f"several files hold it: {names}", open=live)
    if first.file is None:
        return _unreadable(first, first.problem or "it cannot be read", open=live)
    return as_issue(first.file, first.number, archived=not live, written_at=first.written_at)


def _unreadable(found: Found, problem: str, *, open: bool) -> Issue:
    return Issue(
        number=found.number,
        key=f"unreadable {found.number}",
        title=found.path.stem,
        body="",
        open=open,
        created_at=found.written_at,
        problem=problem,
    )


def _only(found: Sequence[Found]) -> tuple[Path, IssueFile]:
    """The one file of an issue that may be written to. Raises RefusedError where there is no such one."""
    issue = _issue(found, live=True)
    file = found[0].file
    if len(found) > 1 or file is None or number_of(file) != issue.number:
        raise RefusedError(f"issue #{issue.number} cannot be written: {issue.problem}")
    if found[0].owner != os.getuid():
        # A file that is replaced becomes the operator's own: that would vouch for what somebody else wrote in it.
        raise RefusedError(f"{found[0].path.name} belongs to {_account({found[0].owner})}")
    return found[0].path, file


def _done(file: IssueFile, summary: str) -> IssueFile:
    return patching.with_final_summary(_with_status(file, DONE), summary)


def _with_status(file: IssueFile, status: str) -> IssueFile:
    return file if text(file, "status") == status else patching.with_field(file, "status", status, after="title")


def _check_untouched(before: IssueFile, after: IssueFile) -> None:
    """What is not the loop's to change must read the same as before."""

    def others(file: IssueFile) -> dict[str, object]:
        return {name: value for name, value in file.fields.items() if name not in _CHANGED}

    if body(before) != body(after) or others(before) != others(after):
        raise ForgeError(f"{before.name} cannot be changed safely; nothing was written")


def _account(owners: set[int]) -> str:
    names = []
    for owner in sorted(owners):
        try:
            names.append(pwd.getpwuid(owner).pw_name)
        except KeyError:
            names.append(f"user {owner}")
    return ", ".join(names)
