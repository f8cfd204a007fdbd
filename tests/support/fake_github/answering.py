"""From a request to an answer: who asks, what they may, pages, ETags, limits.

Owns: everything that all endpoints share. Must not: know sockets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from support.fake_github.call import Call, Refusal, Reply
from support.fake_github.checks import stored_log
from support.fake_github.faults import DENIED, PRIMARY
from support.fake_github.repository import Repository
from support.fake_github.routes import OF_REPOSITORY, OTHERS, ROLES, allowed, find
from support.fake_github.state import State, Token

PREFIXES = ("/api/v3", "/api")
VERSIONS = ("2022-11-28", "2026-03-10")


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """What goes over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True, slots=True)
class Limits:
    """One hour's budget of one account."""

    limit: int = 5000
    used: int = 0
    resets_in: int = 1800


@dataclass(kw_only=True)
class Answering:
    state: State
    repository: Repository
    limits: dict[str, Limits] = field(default_factory=dict)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, root: str) -> Raw:
        with self.state.lock:
            try:
                return self._answer(method, target, headers, body, root)
            except Refusal as refusal:
                return self._raw(refusal.reply, {})

    def token(self, headers: Mapping[str, str]) -> Token:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        known = self.state.tokens.get(secret)
        if not secret or kind.lower() not in ("bearer", "token") or known is None:
            raise Refusal(401, "Bad credentials" if secret else "Requires authentication")
        return known

    def _require_manners(self, headers: Mapping[str, str]) -> None:
        """Who does not say who it is, or speaks another version, is not answered."""
        if not headers.get("user-agent"):
            raise Refusal(403, "Request forbidden by administrative rules. Please make sure you have a User-Agent.")
        version = headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise Refusal(400, f'"{version}" is not a supported version.')

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, root: str) -> Raw:
        parts = urlsplit(target)
        path = parts.path
        if path.startswith("/stored-logs/"):
            text = stored_log(self.state, path.rpartition("/")[2])
            return Raw(status=200, headers={"Content-Type": "text/plain"}, body=text.encode())
        for prefix in PREFIXES:
            path = path.removeprefix(prefix)
        self._require_manners(headers)
        token = self.token(headers)
        budget = self.limits.setdefault(token.account.login, Limits())
        if budget.used >= budget.limit:
            return self._raw(Reply(status=403, body=PRIMARY), self._budget(budget))
        reply, query = self._reply(method, path, parts.query, headers, body, root, token)
        raw = self._shown(reply, headers["authorization"], target, path, query, root)
        if raw.status == 200 and method == "GET" and headers.get("if-none-match") == raw.headers.get("ETag"):
            raw = Raw(status=304, headers=raw.headers, body=b"")
        else:
            budget.used += 1
        return Raw(status=raw.status, headers={**raw.headers, **self._budget(budget)}, body=raw.body)

    def _reply(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, root: str, token: Token
    ) -> tuple[Reply, dict[str, str]]:
        state = self.state
        asked = dict(parse_qsl(query))
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            raise Refusal(400, "Problems parsing JSON") from None
        self.repository.refresh()
        call = Call(
            state=state,
            repository=self.repository,
            root=root,
            path=path,
            query=asked,
            body=given,
            token=token,
            accept=headers.get("accept", ""),
        )
        inside = self._inside(path, root)
        found = find(OTHERS, method, path) if inside is None else find(OF_REPOSITORY, method, inside)
        if found is None or (inside is not None and self._hidden(token)):
            raise Refusal(404, "Not Found")
        route, words = found
        if not allowed(route, token.permissions):
            raise Refusal(403, DENIED["message"], headers={"X-Accepted-GitHub-Permissions": route.permission})
        if inside is not None and method != "GET" and self._rank(token) < ROLES.index(route.role):
            raise Refusal(403, "Must have push access to Repository.")
        return route.handler(call, *(unquote(word) for word in words)), asked

    def _inside(self, path: str, root: str) -> str | None:
        """The rest of a path that names this repository; a redirect where it names it by its old name."""
        state = self.state
        for start in (f"/repos/{state.full_name}", f"/repositories/{state.repository_id}"):
            if path == start or path.startswith(start + "/"):
                return path.removeprefix(start)
        old = f"/repos/{state.renamed_from}"
        if state.renamed_from is not None and (path == old or path.startswith(old + "/")):
            place = f"{root}/repositories/{state.repository_id}{path.removeprefix(old)}"
            raise Refusal(301, "Moved Permanently", headers={"Location": place})
        return None

    def _rank(self, token: Token) -> int:
        role = token.account.role
        return ROLES.index(role) if role in ROLES else ROLES.index("write")

    def _hidden(self, token: Token) -> bool:
        """Where a token may not look, it is told that nothing is there."""
        return token.account.role == "none" or (token.permissions is not None and "metadata:none" in token.permissions)

    def _shown(self, reply: Reply, secret: str, target: str, path: str, query: Mapping[str, str], root: str) -> Raw:
        headers = dict(reply.headers)
        if reply.items is not None:
            reply, link = _page(reply, path, query, root)
            if link:
                headers["Link"] = link
        if reply.status == 200:
            said = json.dumps([secret, target, reply.body, reply.text], sort_keys=True)
            headers["ETag"] = f'W/"{hashlib.sha256(said.encode()).hexdigest()}"'
        return self._raw(reply, headers)

    def _raw(self, reply: Reply, headers: Mapping[str, str]) -> Raw:
        kind = "application/json; charset=utf-8" if reply.text is None else "text/plain; charset=utf-8"
        text = json.dumps(reply.body) if reply.text is None else reply.text
        body = b"" if reply.status == 204 else text.encode()
        return Raw(status=reply.status, headers={"Content-Type": kind, **reply.headers, **headers}, body=body)

    def _budget(self, budget: Limits) -> dict[str, str]:
        reset = int((self.state.now() + timedelta(seconds=budget.resets_in)).timestamp())
        return {
            "x-ratelimit-limit": str(budget.limit),
            "x-ratelimit-remaining": str(max(0, budget.limit - budget.used)),
            "x-ratelimit-used": str(budget.used),
            "x-ratelimit-reset": str(reset),
            "x-ratelimit-resource": "core",
        }


def _page(reply: Reply, path: str, query: Mapping[str, str], root: str) -> tuple[Reply, str]:
    items = reply.items or []
    size, at = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    cut: Any = items[(at - 1) * size : at * size]
    if reply.envelope:
        cut = {"total_count": len(items), reply.envelope: cut, **reply.extra}
    last = max(1, -(-len(items) // size))
    pages = {"prev": at - 1, "first": 1} if at > 1 else {}
    pages |= {"next": at + 1, "last": last} if at < last else {}
    links = [f'<{root}{path}?{urlencode({**query, "page": page})}>; rel="{name}"' for name, page in pages.items()]
    return Reply(status=reply.status, body=cut, headers=reply.headers), ", ".join(links)
