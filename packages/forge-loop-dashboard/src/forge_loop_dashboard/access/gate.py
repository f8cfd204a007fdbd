"""The gate that every request passes, outside of everything else: the rules, and the headers of every answer.

Owns: asking `rules`, answering what is refused, a fresh nonce for each answer, the headers. Must not: know a page.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forge_loop_dashboard.access.keys import Keys
from forge_loop_dashboard.access.rules import API, Head, Policy, Refusal, judge

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a browser calls its own forms "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "HX-Request, Cookie",
}


class Gate:
    """Puts `nonce`, `login` and `form_token` into the scope's state for those behind it."""

    def __init__(self, app: ASGIApp, *, policy: Policy, keys: Keys, now: Callable[[], datetime]) -> None:
        self._app = app
        self._policy = policy
        self._keys = keys
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        found = judge(_head(scope), self._policy, self._keys, self._now())
        guarded = _with_headers(send, nonce)
        if isinstance(found, Refusal):
            await _refuse(found, scope["path"], guarded)
            return
        form_token = self._keys.form_token(found.login) if found.login is not None else ""
        scope["state"] = {**scope.get("state", {}), "nonce": nonce, "login": found.login, "form_token": form_token}
        await self._app(scope, receive, guarded)


def _head(scope: Scope) -> Head:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        headers[key] = (*headers.get(key, ()), value.decode("latin-1"))
    return Head(method=scope["method"], path=scope["path"], headers=headers)


def policy_header(nonce: str) -> str:
    """The Content-Security-Policy of one answer. What has no nonce of it, script or hx- attribute, is dead."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types htmx"
    )


def _with_headers(send: Send, nonce: str) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message.get("headers", ())}
            added = {**HEADERS, "content-security-policy": policy_header(nonce)}
            headers = [(name.encode(), value.encode()) for name, value in added.items() if name.encode() not in own]
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return guarded


async def _refuse(refusal: Refusal, path: str, send: Send) -> None:
    kind, body = _words(refusal, path)
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="forge-loop dashboard"'))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _words(refusal: Refusal, path: str) -> tuple[bytes, bytes]:
    if path.startswith(API):
        problem: dict[str, Any] = {"type": "about:blank", "title": refusal.says, "status": refusal.status}
        return b"application/problem+json", json.dumps(problem).encode()
    way = ' <a href="/login">Log in</a>' if refusal.status == 401 else ""
    return b"text/html; charset=utf-8", (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>forge-loop</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/static/page.css"><main class="alone"><h1>{refusal.status}</h1>'
        f"<p>{escape(refusal.says)}.{way}</p></main></html>"
    ).encode()
