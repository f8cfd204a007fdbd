"""An issue file as an Issue.

Owns: the mapping of fields, what makes a file ineligible. Must not: read the disk or change a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from forge_loop.domain.issue import NO_PRIORITY, Issue
from forge_loop.forge.local.backlog.issue_file import IssueFile

DONE = "Done"
FORGE_LOOP = "Forge Loop"
FINAL_SUMMARY = "Final Summary"
PRIORITIES = {"high": 1, "medium": 2, "low": 3}

# What people and tools write about the work; the rest of the body is what was asked for.
_NOT_ASKED = frozenset(
    {"Definition of Done", "Implementation Plan", "Implementation Notes", "Comments", FINAL_SUMMARY, FORGE_LOOP}
)
_CRITERIA = "Acceptance Criteria"
_CHECKBOX = re.compile(r"^([ \t]*[-*][ \t]+)\[[ xX]\][ \t]+(?:#\d+[ \t]+)?", re.MULTILINE)
_DATES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M")
_ID = re.compile(r"[A-Za-z]+-(\d{1,9})")


def as_issue(file: IssueFile, number: int, *, archived: bool, written_at: datetime) -> Issue:
    """The issue. `written_at` stands in for a creation date that cannot be read; such an issue has a problem."""
    created = _created(file)
    found = "; ".join(_problems(file, number, created))
    return Issue(
        number=number,
        key=f"{text(file, 'id').upper()} {text(file, 'created_date')}",
        title=text(file, "title"),
        body=body(file),
        labels=frozenset(listing(file, "labels") or ()),
        open=not archived and text(file, "status").casefold() != DONE.casefold(),
        created_at=created or written_at,
        priority=PRIORITIES.get(text(file, "priority").casefold(), NO_PRIORITY),
        blocked_by=tuple(int(known[1]) for known in map(_ID.fullmatch, listing(file, "dependencies") or ()) if known),
        problem=found or None,
    )


def number_of(file: IssueFile) -> int | None:
    """The number in the file's id; None for a sub-task's and for what is no id."""
    known = _ID.fullmatch(text(file, "id"))
    return None if known is None else int(known[1])


def body(file: IssueFile) -> str:
    """What is asked for, as one Markdown text. Ticks and numbers of criteria are left out: the loop may set them."""
    parts = []
    for section in file.sections:
        content = section.text
        if content and section.name not in _NOT_ASKED:
            content = _CHECKBOX.sub(r"\1[ ] ", content) if section.name == _CRITERIA else content
            parts.append(f"## {section.name}\n\n{content}" if section.name else content)
    return "\n\n".join(parts) + "\n" if parts else ""


def text(file: IssueFile, name: str) -> str:
    """A field as text; empty where it is absent or no scalar."""
    value = file.fields.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def listing(file: IssueFile, name: str) -> tuple[str, ...] | None:
    """A field as a list of texts; None where it is something else."""
    value = file.fields.get(name)
    if value is None:
        return ()
    return tuple(str(entry) for entry in value) if isinstance(value, list) else None


def _created(file: IssueFile) -> datetime | None:
    for form in _DATES:
        try:
            return datetime.strptime(text(file, "created_date"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _problems(file: IssueFile, number: int, created: datetime | None) -> Iterator[str]:
    if number_of(file) != number:
        yield f"{file.name} has the id {text(file, 'id')!r}"
    if not text(file, "title").strip():
        yield f"{file.name} has no title"
    if created is None:
        yield f"{file.name}: created_date {text(file, 'created_date')!r} is no date"
    if "onStatusChange" in file.fields:
        yield f"{file.name} holds onStatusChange, a shell command that Backlog.md runs"
    for name in ("labels", "dependencies"):
        if listing(file, name) is None:
            yield f"{file.name}: {name} must be a YAML list; Backlog.md would erase it"
    for entry in listing(file, "dependencies") or ():
        if not _ID.fullmatch(entry):
            yield f"{file.name}: it depends on {entry!r}, which the loop cannot follow"
