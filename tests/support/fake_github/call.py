"""One request as a handler sees it, and what a handler answers.

Owns: both shapes, the refusals GitHub words. Must not: know routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.fake_github.repository import Repository
from support.fake_github.state import JSON, Account, State, Ticket, Token


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    state: State
    repository: Repository
    root: str
    path: str
    query: Mapping[str, str]
    body: JSON
    token: Token
    accept: str

    @property
    def who(self) -> Account:
        return self.token.account


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """`items` under `envelope` (or alone) are cut into pages by the server."""

    status: int = 200
    body: Any = None
    items: list[Any] | None = None
    envelope: str = ""
    extra: JSON = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


PAGES = "https://docs.github.com/rest"


class Refusal(Exception):
    """An error as GitHub shows it. `errors` are objects for most endpoints and sentences for some."""

    def __init__(
        self, status: int, message: str, *errors: JSON | str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        body: JSON = {"message": message, "documentation_url": PAGES}
        if errors:
            body["errors"] = list(errors)
        self.reply = Reply(status=status, body=body, headers=headers or {})


Handler = Callable[..., Reply]


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def invalid(words: str = "Validation Failed", **error: Any) -> Refusal:
    return Refusal(422, words, *([error] if error else []))


def ticket_of(call: Call, number: str) -> Ticket:
    """The issue or pull request of that number, as far as the outside may know."""
    wanted = int(number)
    if wanted in call.state.gone:
        raise Refusal(410, "This issue was deleted")
    if wanted in call.state.moved:
        raise Refusal(301, "Moved Permanently", headers={"Location": call.root + call.state.moved[wanted]})
    found = call.state.tickets.get(wanted)
    if found is None:
        raise not_found()
    return found


def pull_of(call: Call, number: str) -> Ticket:
    found = ticket_of(call, number)
    if found.pull is None:
        raise not_found()
    return found
