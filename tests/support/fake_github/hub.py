"""The fake as tests hold it: the state, the people, the record, the faults, the address.

Owns: putting the parts together over a repository, and taking them down. Must not: answer anything itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from support.fake_github import git_http
from support.fake_github.answering import Answering, Limits, Raw
from support.fake_github.faults import Fault, FaultPlan
from support.fake_github.hands import Hands
from support.fake_github.repository import Repository
from support.fake_github.server import Seen, Server, Wire, http_date
from support.fake_github.state import State, Token
from support.repositories import FILES, git, make_bare, make_checkout

TOKEN = "ghp_" + "o" * 36
OPERATOR = "operator"


def utc_now() -> datetime:
    return datetime.now(UTC)


class FakeGitHub(Hands):
    """A repository octo/sample whose owner is `operator`, with one token of theirs."""

    def __init__(
        self,
        directory: Path,
        *,
        files: Mapping[str, str] = FILES,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        checkout = make_checkout(directory / "seed", files)
        bare = make_bare(directory / "github.git", checkout)
        git(bare, "config", "receive.denyDeleteCurrent", "refuse")
        self.clone = directory / "hands"
        git(directory, "clone", "--quiet", str(bare), str(self.clone))
        self.state = State(bare=bare, now=now)
        self.repository = Repository(self.state)
        self.faults = FaultPlan()
        self.requests: list[Seen] = []
        self._watcher: Callable[[Seen], None] = self.requests.append
        self.operator = OPERATOR
        self.state.add_account(OPERATOR, role="admin")
        self.token = self.grant(OPERATOR, TOKEN)
        self._answering = Answering(state=self.state, repository=self.repository)
        wire = Wire(
            answer=self._answer,
            fault=self._next_fault,
            note=self._note,
            date=lambda: http_date(self.state.now()),
            monotonic=monotonic,
        )
        self.server = Server(wire)

    @property
    def url(self) -> str:
        """What `github.url` is set to: an Enterprise Server on a loopback port."""
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def full_name(self) -> str:
        return self.state.full_name

    @property
    def limits(self) -> Limits:
        """The operator's budget."""
        return self._answering.limits.setdefault(OPERATOR, Limits())

    def grant(self, login: str, secret: str, permissions: frozenset[str] | None = None) -> str:
        """A token of an account; with `permissions` a fine-grained one."""
        with self.state.lock:
            self.state.tokens[secret] = Token(account=self.state.account(login), permissions=permissions)
        return secret

    def add_account(self, login: str, *, role: str = "read", kind: str = "User") -> str:
        with self.state.lock:
            self.state.add_account(login, role=role, kind=kind)
        return login

    def writes(self) -> list[Seen]:
        """Every request that could change something, git's own apart."""
        return [seen for seen in self.requests if seen.method != "GET" and not seen.git and not _only_reads(seen)]

    def since(self, mark: int) -> list[Seen]:
        """The requests of the API after the first `mark` of all."""
        return [seen for seen in self.requests[mark:] if not seen.git]

    def watch(self, watcher: Callable[[Seen], None]) -> None:
        """Called with each request before it is answered, instead of only keeping it."""
        self._watcher = watcher

    def _note(self, seen: Seen) -> None:
        self._watcher(seen)

    def close(self) -> None:
        self.server.close()

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, root: str) -> Raw:
        if git_http.is_git(self.state, target):
            return git_http.serve(self.state, method, target, headers, body)
        return self._answering.answer(method, target, headers, body, root)

    def _next_fault(self, method: str, target: str) -> Fault | None:
        with self.state.lock:
            return self.faults.next(method, target)


def _only_reads(seen: Seen) -> bool:
    """A query of GraphQL is sent with POST."""
    return seen.path.endswith("/graphql") and "mutation" not in str((seen.body or {}).get("query"))


@contextmanager
def serving(directory: Path, **options: object) -> Iterator[FakeGitHub]:
    """A fake over a new repository in `directory`, closed at the end."""
    made = FakeGitHub(directory, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()
