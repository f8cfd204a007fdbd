"""The tracker over GitHub's issues.

Owns: the Tracker port, and the operator's own act of approving. Must not: give the ready label on its own account, or
replace all labels of an issue.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.errors import NoSuchIssueError, RefusedError, UnreadableError
from forge_loop.forge.github import comments, notes
from forge_loop.forge.github.issues import (
    Blockers,
    History,
    Said,
    Seen,
    blockers,
    history,
    same_text,
    seen,
    with_blockers,
)
from forge_loop.forge.github.listing import Listing
from forge_loop.forge.github.reading import moment, understood
from forge_loop.forge.github.repository import Repository
from forge_loop.ports import Clock

ABSENT = (404, 410)
BATCH = 50
# Times are whole seconds: what changed within so many is not taken to be all that changed then.
SETTLES = timedelta(seconds=2)
CHANGING = "it changed while it was read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What stands around an issue's text. `heard` is what approvers said there; None if that cannot be told."""

    history: History
    waits: Blockers
    heard: tuple[Said, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """An issue read in full at one state of it, with its history. `settled`: it will not change unseen."""

    seen: Seen
    issue: Issue
    history: History
    settled: bool


class GitHubTracker:
    """`ready_label` is the one that the loop never gives. Of issues that do not carry it, no history is read."""

    def __init__(self, repository: Repository, clock: Clock, *, ready_label: str) -> None:
        self._repository = repository
        self._client = repository.client
        self._ready = ready_label
        self._listing = Listing(repository, clock)
        self._lock = threading.Lock()
        self._wholes: dict[int, Whole] = {}
        self._listed: dict[int, Whole] = {}

    def open_issues(self) -> Sequence[Issue]:
        """What an issue waits for is read only where it carries the ready label."""
        listed = self._listing.read()
        ready = [entry for entry in listed.values() if self._ready in entry.issue.labels]
        wholes = self._read_whole(ready)
        with self._lock:
            self._wholes = {number: whole for number, whole in self._wholes.items() if number in listed}
            self._listed = wholes
        shown = (wholes[number].issue if number in wholes else entry.issue for number, entry in listed.items())
        return sorted(shown, key=lambda issue: issue.number)

    def issue(self, number: int) -> Issue:
        """A comment may be edited without the issue showing it: where there are any, they are read anew."""
        entry = self._entry(number)
        if self._ready in entry.issue.labels:
            known = self._read_whole([entry])[number]
            return known.issue if not known.issue.comments else self._read_batch([entry])[0].issue
        if entry.issue.open and entry.comments:
            return self._read_batch([entry])[0].issue
        return with_blockers(entry.issue, self._blockers(entry))

    def labelled(self, issue: Issue, label: str) -> LabelEvent | None:
        """As of the listing where `issue` is from the last one; else read now."""
        with self._lock:
            whole = self._listed.get(issue.number)
        found = whole.history if whole is not None and whole.issue is issue else self._history(issue.number)
        given = found.labels.get(label)
        if given is None:
            return None
        login = given.actor["login"] if given.actor is not None else "a deleted account"
        return LabelEvent(actor=login, trusted=given.by_hand and self._repository.trusts(given.actor), at=given.at)

    def add_label(self, number: int, label: str) -> None:
        if label == self._ready:
            raise RefusedError(f"{label!r} is for a person to give")
        self._label(number, label)

    def approve(self, number: int) -> None:
        """The operator's own act: give the ready label. The loop never calls this.

        One that stands and no longer counts, because the text was edited since or a stranger gave it, is given anew.
        """
        issue = self.issue(number)
        given = self.labelled(issue, self._ready)
        if given is not None and given.at is not None:
            if given.trusted and (issue.edited_at is None or issue.edited_at < given.at):
                return
            self.remove_label(number, self._ready)
        self._label(number, self._ready)

    def remove_label(self, number: int, label: str) -> None:
        """404 is GitHub's word for a label that is not on the issue, and for a token that may not see it."""
        answer = self._client.write("DELETE", f"{self._path(number)}/labels/{quote(label, safe='')}", accept=ABSENT)
        if answer.status in ABSENT and label in self._entry(number).issue.labels:
            raise RefusedError(f"GitHub does not take the label {label!r} from #{number} ({answer.status})")

    def post_note(self, number: int, key: str, text: str) -> None:
        body = {"body": notes.marked(text, "note", key)}
        known = self._note(number, key)
        if known is None:
            self._present(number, self._client.write("POST", f"{self._path(number)}/comments", body, accept=ABSENT))
        elif known["body"] != body["body"]:
            self._client.write("PATCH", f"{self._repository.path}/issues/comments/{known['id']}", body)

    def note(self, number: int, key: str) -> str | None:
        known = self._note(number, key)
        return None if known is None else notes.unmarked(known["body"])

    def close(self, number: int, summary: str) -> None:  # noqa: ARG002 - the job's note says how it ended
        if self._entry(number).issue.open:
            self._client.write("PATCH", self._path(number), {"state": "closed", "state_reason": "completed"})

    def _path(self, number: int) -> str:
        return f"{self._repository.path}/issues/{number}"

    def _label(self, number: int, label: str) -> None:
        """One label is added; what a person adds or takes meanwhile stays."""
        answer = self._client.write("POST", f"{self._path(number)}/labels", {"labels": [label]}, accept=ABSENT)
        self._present(number, answer)

    def _present(self, number: int, answer: Any) -> None:
        """404 also means that the token may not see the repository: that is no word about the issue."""
        if answer.status in ABSENT:
            self._repository.facts()
            raise NoSuchIssueError(number)

    def _entry(self, number: int) -> Seen:
        raw = self._client.get(self._path(number), accept=ABSENT)
        self._present(number, raw)
        found = seen(raw.data) if self._repository.holds(raw) else None
        if found is None:
            raise NoSuchIssueError(number)
        return found

    def _history(self, number: int) -> History:
        events = self._client.pages(f"{self._path(number)}/timeline", accept=ABSENT)
        if events is None:
            raise NoSuchIssueError(number)
        return history(events)

    def _blockers(self, entry: Seen) -> Blockers:
        if not entry.waits_for:
            return Blockers()
        found = self._client.pages(f"{self._path(entry.issue.number)}/dependencies/blocked_by", accept=ABSENT)
        return blockers(found or (), self._client.place.full_name)

    def _read_whole(self, entries: Sequence[Seen]) -> dict[int, Whole]:
        """Those that did not change since they were read in full are not read again."""
        with self._lock:
            known = {entry.issue.number: self._wholes.get(entry.issue.number) for entry in entries}
        held = {
            number: whole
            for entry in entries
            if (whole := known[number := entry.issue.number]) is not None and whole.settled and whole.seen == entry
        }
        fresh = [entry for entry in entries if entry.issue.number not in held]
        for start in range(0, len(fresh), BATCH):
            for whole in self._read_batch(fresh[start : start + BATCH]):
                held[whole.issue.number] = whole
        with self._lock:
            self._wholes |= held
        return held

    def _read_batch(self, entries: Sequence[Seen]) -> list[Whole]:
        """History first, then the text once more: if it still is what was listed, it is what the label stands on."""
        date = self._client.date
        told = {entry.issue.number: self._told(entry) for entry in entries}
        said = [each for one in told.values() for each in one.heard]
        edits = self._edits([entry.issue.number for entry in entries])
        edited = comments.edits(self._repository, said)
        return [self._whole(entry, told[entry.issue.number], edits, edited, date) for entry in entries]

    def _told(self, entry: Seen) -> Told:
        try:
            found, waits = self._history(entry.issue.number), self._blockers(entry)
        except NoSuchIssueError:
            return Told(history=History(labels={}, renamed_at=None), waits=Blockers(), problem=CHANGING)
        try:
            return Told(history=found, waits=waits, heard=comments.heard(self._repository, found))
        except UnreadableError as error:
            return Told(history=found, waits=waits, problem=f"who said something there is not known: {error}")

    def _whole(
        self,
        entry: Seen,
        told: Told,
        edits: Mapping[int, Any],
        edited: Mapping[str, datetime | None],
        date: datetime | None,
    ) -> Whole:
        """`date` is GitHub's time when the issue had been listed and nothing more of it been read."""
        issue, edit = with_blockers(entry.issue, told.waits), edits.get(entry.issue.number)
        same = edit is not None and same_text(issue, edit["title"], edit["body"])
        if told.problem is not None or not same or any(said.node not in edited for said in told.heard):
            problem = told.problem or CHANGING
            return Whole(seen=entry, issue=replace(issue, problem=problem), history=told.history, settled=False)
        with understood("the issue's edits"):
            text_at = moment(edit["lastEditedAt"]) if edit is not None and edit["lastEditedAt"] else None
        settled = date is not None and date - entry.updated_at >= SETTLES
        issue = self._with_comments(issue, told, edited, (text_at, told.history.renamed_at))
        return Whole(seen=entry, issue=issue, history=told.history, settled=settled)

    def _with_comments(
        self,
        issue: Issue,
        told: Told,
        edited: Mapping[str, datetime | None],
        changed: tuple[datetime | None, datetime | None],
    ) -> Issue:
        """Beside a label that counts stand the comments before it; beside none, all that there are."""
        label, used = told.history.labels.get(self._ready), told.heard
        times = [*changed, comments.touched(told.heard, edited, label.at) if label is not None else None]
        last = max((at for at in times if at is not None), default=None)
        if label is not None and label.by_hand and (last is None or last < label.at):
            used = comments.before(told.heard, label.at) if self._repository.trusts(label.actor) else used
        found = comments.as_comments(used)
        problem = comments.TOO_LONG if sum(len(each.text) for each in found) > comments.LONGEST else issue.problem
        return replace(issue, comments=found, edited_at=last, problem=problem)

    def _edits(self, numbers: Sequence[int]) -> dict[int, Any]:
        """When these issues were last edited, and what they say: only GraphQL tells."""
        fields = "databaseId title body lastEditedAt"
        asked = " ".join(f"i{number}: issue(number: {number}) {{ {fields} }}" for number in numbers)
        text = f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {asked} }} }}"
        place = self._client.place
        answer = self._client.query(text, {"owner": place.owner, "name": place.name}, absent=True)
        with understood("the issues' edits"):
            found = answer["repository"]
            return {number: found[f"i{number}"] for number in numbers if found[f"i{number}"] is not None}

    def _note(self, number: int, key: str) -> Any:
        """The oldest comment of the loop's own account that carries the key's mark, None if there is none."""
        found = self._client.pages(f"{self._path(number)}/comments", accept=ABSENT)
        if found is None:
            self._repository.facts()
            raise NoSuchIssueError(number)
        with understood("the issue's comments"):
            mine = self._repository.me().id
            own = (entry for entry in found if entry["user"] is not None and entry["user"]["id"] == mine)
            return next((entry for entry in own if notes.carries(entry["body"], "note", key)), None)
