"""An issue as GitHub shows it, and what its timeline tells.

Owns: the parsing. Must not: send a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from forge_loop.domain.issue import NO_PRIORITY, Issue
from forge_loop.forge.github.reading import moment, understood

_PRIORITY = re.compile(r"(?:priority[:/ ] ?)?p([0-4])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An issue as a listing shows it: without its history. `waits_for` counts the issues it is blocked by, `comments`
    what was said."""

    issue: Issue
    updated_at: datetime
    waits_for: int
    comments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Who put a label on. `by_hand` is False where an App or an agent did, whoever it spoke for."""

    actor: Any
    at: datetime
    by_hand: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A comment. `node` is what GraphQL knows it by; `by_hand` is False where an App wrote it."""

    node: str
    user: Any
    at: datetime
    by_hand: bool
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What a timeline tells: the labels that stand and who gave them, what was said, when the title last changed."""

    labels: dict[str, Given]
    renamed_at: datetime | None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Blockers:
    """Issues of this repository that must be closed first, and open ones elsewhere, which cannot be followed."""

    numbers: tuple[int, ...] = ()
    elsewhere: tuple[str, ...] = ()


def seen(data: Any) -> Seen | None:
    """One element of a listing; None for a pull request, which GitHub lists among the issues."""
    with understood("an issue"):
        if "pull_request" in data:
            return None
        labels = frozenset(_label(entry) for entry in data["labels"])
        issue = Issue(
            number=int(data["number"]),
            key=str(int(data["id"])),
            title=str(data["title"]),
            body=str(data["body"] or ""),
            labels=labels,
            open={"open": True, "closed": False}[data["state"]],
            created_at=moment(data["created_at"]),
            priority=_priority(labels),
        )
        summary = data.get("issue_dependencies_summary") or {}
        return Seen(
            issue=issue,
            updated_at=moment(data["updated_at"]),
            waits_for=int(summary.get("total_blocked_by", 0)),
            comments=int(data["comments"]),
        )


def history(events: Iterable[Any]) -> History:
    """A timeline, oldest first. What is no label, no comment and no new title is passed over."""
    labels: dict[str, Given] = {}
    said: list[Said] = []
    renamed_at: datetime | None = None
    with understood("the issue's history"):
        for event in events:
            kind = event.get("event")
            if kind == "labeled":
                labels[event["label"]["name"]] = _given(event)
            elif kind == "unlabeled":
                labels.pop(event["label"]["name"], None)
            elif kind == "renamed":
                renamed_at = moment(event["created_at"])
            elif kind == "commented":
                said.append(_said(event))
    return History(labels=labels, renamed_at=renamed_at, said=tuple(said))


def blockers(entries: Sequence[Any], own: str) -> Blockers:
    """Those of `own` by number; an open one of another repository by its name."""
    numbers, elsewhere = [], []
    with understood("what the issue waits for"):
        for entry in entries:
            name = "/".join(str(entry["repository_url"]).split("/")[-2:])
            if name.casefold() == own.casefold():
                numbers.append(int(entry["number"]))
            elif entry["state"] != "closed":
                elsewhere.append(f"{name}#{int(entry['number'])}")
    return Blockers(numbers=tuple(numbers), elsewhere=tuple(elsewhere))


def with_blockers(issue: Issue, found: Blockers) -> Issue:
    if not found.elsewhere:
        return replace(issue, blocked_by=found.numbers)
    problem = f"it waits for {', '.join(found.elsewhere)}, and only issues of this repository can be followed"
    return replace(issue, blocked_by=found.numbers, problem=problem)


def same_text(issue: Issue, title: object, body: object) -> bool:
    """Whether a second look found the same words. Line ends differ between GitHub's two ways of asking."""

    def plain(text: object) -> str:
        return str(text or "").replace("\r\n", "\n").strip()

    return plain(issue.title) == plain(title) and plain(issue.body) == plain(body)


def _said(event: Any) -> Said:
    return Said(
        node=str(event["node_id"]),
        user=event["user"],
        at=moment(event["created_at"]),
        by_hand=event.get("performed_via_github_app") is None,
        text=str(event["body"] or "").replace("\r\n", "\n"),
    )


def _given(event: Any) -> Given:
    by_hand = event.get("performed_via_github_app") is None and event.get("intent") is None
    return Given(actor=event["actor"], at=moment(event["created_at"]), by_hand=by_hand)


def _label(entry: Any) -> str:
    return str(entry if isinstance(entry, str) else entry["name"])


def _priority(labels: Iterable[str]) -> int:
    """p0 to p4, the most urgent where there are several."""
    found = [int(match[1]) for label in labels if (match := _PRIORITY.fullmatch(label.strip()))]
    return min(found, default=NO_PRIORITY)
