"""The repository itself and the accounts around it.

Owns: that "not found" is told from "not to be seen"; who the token's account is, and whom the operator trusts.
Must not: trust a login where GitHub gives a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge_loop.errors import UnreadableError
from forge_loop.forge.github.client import Client
from forge_loop.forge.github.reading import understood
from forge_loop.forge.github.wire import Raw
from forge_loop.ports import Clock

ME, BY_ROLE = "me", "role:write"
ROLE_HOLDS = 600.0
MAY_WRITE = frozenset({"admin", "maintain", "write"})
_OWN_ID = re.compile(r"/repositories/(\d+)(?:/|$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    id: int
    login: str
    bot: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryFacts:
    """`may` are the names of what the token's account may do there: pull, triage, push, maintain, admin."""

    id: int
    full_name: str
    private: bool
    may: frozenset[str]


class Repository:
    """`approvers` as the settings name them. Safe to use from several threads."""

    def __init__(self, client: Client, clock: Clock, approvers: Sequence[str] = ()) -> None:
        self.client = client
        self._clock = clock
        self._roles: dict[int, tuple[bool, float]] = {}
        self.path = f"/repos/{client.place.full_name}"
        self._approvers: Callable[[], Sequence[str]] = lambda: approvers
        self._me: Account | None = None
        self._ids: dict[str, int] = {}

    def follow(self, approvers: Callable[[], Sequence[str]]) -> None:
        """Ask for the approvers anew each time: the settings may have been edited."""
        self._approvers = approvers

    def facts(self) -> RepositoryFacts:
        """What GitHub says of it now. Raises UnreadableError where it is not there for this token."""
        raw = self.client.get(self.path, accept=(404,))
        if raw.status == 404:
            raise UnreadableError(f"{self.client.place.full_name} is not there, or the token may not see it")
        with understood("the repository"):
            data = raw.data
            return RepositoryFacts(
                id=int(data["id"]),
                full_name=str(data["full_name"]),
                private=bool(data["private"]),
                may=frozenset(name for name, granted in (data.get("permissions") or {}).items() if granted),
            )

    def holds(self, raw: Raw) -> bool:
        """Whether an answer is about this repository and not about one that an issue was moved to."""
        path = urlsplit(raw.url).path
        if f"{self.path}/" in path:
            return True
        known = _OWN_ID.search(path)
        return known is not None and int(known[1]) == self.facts().id

    def me(self) -> Account:
        """The account whose token this is."""
        if self._me is None:
            self._me = account(self.client.get("/user").data)
        return self._me

    def trusts(self, user: Mapping[str, Any] | None) -> bool:
        """Whether this account's word starts work. A bot's only does where it is named; nobody unknown's does."""
        if user is None:
            return False
        asked, approvers = account(user), self._approvers()
        if asked.id in {self._id_of(name) for name in approvers if name not in (ME, BY_ROLE)}:
            return True
        if asked.bot:
            return False
        me = self.me()
        if ME in approvers and not me.bot and asked.id == me.id:
            return True
        return BY_ROLE in approvers and self._may_write(asked)

    def _id_of(self, login: str) -> int:
        """The number of an account that is named by its login: asked once, as a login may change hands."""
        if login not in self._ids:
            self._ids[login] = self._asked_id(login)
        return self._ids[login]

    def _asked_id(self, login: str) -> int:
        raw = self.client.get(f"/users/{login}", accept=(404,))
        if raw.status == 404:
            raise UnreadableError(f"approvers: GitHub knows no account {login!r}")
        return account(raw.data).id

    def _may_write(self, asked: Account) -> bool:
        """By the role's name: a custom role may mean anything. Asked again after a while."""
        known, until = self._roles.get(asked.id, (False, float("-inf")))
        if self._clock.monotonic() < until:
            return known
        known = self._role(asked) in MAY_WRITE
        self._roles[asked.id] = (known, self._clock.monotonic() + ROLE_HOLDS)
        return known

    def _role(self, asked: Account) -> str | None:
        raw = self.client.get(f"{self.path}/collaborators/{asked.login}/permission", accept=(404,))
        if raw.status == 404:
            return None
        with understood("the account's role"):
            return str(raw.data["role_name"]) if int(raw.data["user"]["id"]) == asked.id else None


def account(data: Any) -> Account:
    with understood("the account"):
        return Account(id=int(data["id"]), login=str(data["login"]), bot=data.get("type") != "User")
