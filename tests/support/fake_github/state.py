"""What GitHub keeps: accounts, tokens, issues, pull requests, comments, reviews, checks, rules.

Owns: the rows and their times and ids. Must not: know HTTP or permissions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ACTIONS_APP = 15368

JSON = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """`role` is its role in the repository: admin, maintain, write, triage, read, none, or a custom name."""

    id: int
    login: str
    kind: str = "User"
    role: str = "read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """`permissions` None is a classic token, which may whatever its account may; else `name:read` and `name:write`."""

    account: Account
    permissions: frozenset[str] | None = None


@dataclass(kw_only=True, slots=True)
class Comment:
    id: int
    author: Account
    body: str
    created_at: str
    updated_at: str
    edited_at: str | None = None
    app: bool = False


@dataclass(kw_only=True, slots=True)
class LineComment:
    id: int
    review: int
    author: Account
    path: str
    line: int | None
    body: str
    created_at: str


@dataclass(kw_only=True, slots=True)
class Review:
    id: int
    author: Account
    body: str
    state: str
    sha: str
    submitted_at: str


@dataclass(kw_only=True, slots=True)
class Pull:
    """The part of an issue that makes it a pull request. `fork` is the owner of the head's repository if not ours."""

    branch: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    fork: str | None = None
    merged_sha: str | None = None
    mergeable: bool | None = None
    asked: bool = False
    reviews: list[Review] = field(default_factory=list)
    line_comments: list[LineComment] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Ticket:
    """An issue or a pull request: they share numbers, comments, labels and a timeline."""

    number: int
    id: int
    author: Account
    title: str
    body: str
    created_at: str
    updated_at: str
    open: bool = True
    state_reason: str | None = None
    edited_at: str | None = None
    labels: list[str] = field(default_factory=list)
    timeline: list[JSON] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    blocked_by: list[JSON] = field(default_factory=list)
    pull: Pull | None = None


@dataclass(kw_only=True, slots=True)
class Check:
    """A check run or, where `app` is None, a commit status. It is seen from `appears` on."""

    id: int
    name: str
    app: int | None
    status: str
    conclusion: str | None
    appears: datetime
    log: str = ""


@dataclass(kw_only=True)
class State:
    """One repository and who is around it. `lock` is held by whoever looks or changes."""

    bare: Path
    owner: str = "octo"
    name: str = "sample"
    base: str = "main"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    repository_id: int = 1296269
    private: bool = False
    renamed_from: str | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    moved: dict[int, str] = field(default_factory=dict)
    checks: dict[str, list[Check]] = field(default_factory=dict)
    required: list[tuple[str, int | None]] = field(default_factory=list)
    classic_protection: bool = False
    up_to_date: bool = False
    methods: set[str] = field(default_factory=lambda: {"squash", "merge"})
    drafts: bool = True
    on_head: Callable[[str], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    newest: int = 0
    newest_id: int = 1000

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def next_id(self) -> int:
        self.newest_id += 1
        return self.newest_id

    def next_number(self) -> int:
        self.newest += 1
        return self.newest

    def stamp(self) -> str:
        """The time as GitHub writes it: whole seconds."""
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def account(self, login: str) -> Account:
        return self.accounts[login.lower()]

    def known(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def add_account(self, login: str, *, role: str = "read", kind: str = "User") -> Account:
        account = Account(id=self.next_id(), login=login, kind=kind, role=role)
        self.accounts[login.lower()] = account
        return account

    def add_ticket(self, author: Account, title: str, body: str, pull: Pull | None = None) -> Ticket:
        at = self.stamp()
        number = self.next_number()
        ticket = Ticket(
            number=number,
            id=self.next_id() * 10,
            author=author,
            title=title,
            body=body,
            created_at=at,
            updated_at=at,
            pull=pull,
        )
        self.tickets[number] = ticket
        return ticket

    def tell(self, ticket: Ticket, event: str, actor: Account, *, app: bool = False, **more: Any) -> None:
        """One more line of the timeline, and the time of the last change."""
        at = self.stamp()
        ticket.timeline.append(
            {"id": self.next_id(), "event": event, "actor": actor, "created_at": at, "app": app, **more}
        )
        ticket.updated_at = at

    def label(self, ticket: Ticket, label: str, actor: Account, *, app: bool = False, intent: bool = False) -> None:
        self.labels.setdefault(label, "ededed")
        if label not in ticket.labels:
            ticket.labels.append(label)
            self.tell(ticket, "labeled", actor, app=app, label=label, intent=intent)

    def unlabel(self, ticket: Ticket, label: str, actor: Account) -> None:
        if label in ticket.labels:
            ticket.labels.remove(label)
            self.tell(ticket, "unlabeled", actor, label=label)

    def comment(self, ticket: Ticket, author: Account, body: str, *, app: bool = False) -> Comment:
        at = self.stamp()
        made = Comment(id=self.next_id(), author=author, body=body, created_at=at, updated_at=at, app=app)
        ticket.comments.append(made)
        self.tell(ticket, "commented", author, comment=made)
        return made

    def edit_comment(self, ticket: Ticket, row: Comment, body: str) -> None:
        row.body = body
        row.edited_at = row.updated_at = ticket.updated_at = self.stamp()

    def delete_comment(self, ticket: Ticket, row: Comment) -> None:
        ticket.comments.remove(row)
        ticket.timeline = [event for event in ticket.timeline if event.get("comment") is not row]
        ticket.updated_at = self.stamp()

    def close(self, ticket: Ticket, actor: Account, reason: str | None = "completed") -> None:
        if ticket.open:
            ticket.open, ticket.state_reason = False, reason if ticket.pull is None else None
            self.tell(ticket, "closed", actor)

    def reopen(self, ticket: Ticket, actor: Account) -> None:
        if not ticket.open:
            ticket.open, ticket.state_reason = True, "reopened"
            self.tell(ticket, "reopened", actor)

    def edit(self, ticket: Ticket, actor: Account, changes: Mapping[str, str]) -> None:
        """A new title is an event, a new text only a time; the label's time stays."""
        title, body = changes.get("title"), changes.get("body")
        if title is not None and title != ticket.title:
            rename = {"from": ticket.title, "to": title}
            ticket.title = title
            self.tell(ticket, "renamed", actor, rename=rename)
        if body is not None and body != ticket.body:
            ticket.body = body
            ticket.edited_at = ticket.updated_at = self.stamp()
