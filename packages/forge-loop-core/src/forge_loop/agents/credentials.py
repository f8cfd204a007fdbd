"""Which credential a session gets, and who pays for it.

Owns: the choice between the subscription and an API key, the operator's own login, and the sentence that says which.
Must not: hand out more than one credential, or the refresh token of a login: it is single-use, and a session that
renewed it would log the operator out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forge_loop.errors import AuthenticationError

TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"
API_KEY = "ANTHROPIC_API_KEY"
LOGIN_FILE = ".credentials.json"
_SETUP = f"run `claude setup-token` and put the token into {TOKEN}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """`variables` go into the session's environment, `login` into its private configuration directory."""

    payer: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: Mapping[str, Any] | None = field(default=None, repr=False)

    def install(self, config_dir: Path) -> None:
        """Write the login, or make sure that none is there. The directory was an agent's to write, so no link is
        followed and no file reused."""
        path = config_dir / LOGIN_FILE
        path.unlink(missing_ok=True)
        if self.login is None:
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.login, file)


def choose_credential(auth: str, environ: Mapping[str, str], now: datetime) -> Credential:
    """The one credential of a session for `auth` ("subscription" or "api_key"). Raises AuthenticationError."""
    if auth == "api_key":
        return _api_key(environ)
    token = environ.get(TOKEN, "")
    if token:
        return Credential(payer=f"the Claude subscription ({TOKEN})", variables={TOKEN: token})
    return _login(environ, now)


def describe_auth(auth: str, environ: Mapping[str, str], now: datetime) -> str:
    """One sentence for the banner and doctor: who pays. Raises AuthenticationError if no session could run."""
    sentence = f"sessions are paid by {choose_credential(auth, environ, now).payer}"
    if auth != "api_key" and environ.get(API_KEY):
        sentence += f"; {API_KEY} is set here and is not passed on"
    return sentence


def _api_key(environ: Mapping[str, str]) -> Credential:
    key = environ.get(API_KEY, "")
    if not key:
        raise AuthenticationError(
            f"agent.auth is api_key, but {API_KEY} is not set", hint=f"export {API_KEY}, or agent.auth: subscription"
        )
    return Credential(payer=f"{API_KEY}, per token", variables={API_KEY: key})


def _login(environ: Mapping[str, str], now: datetime) -> Credential:
    path = _login_path(environ)
    account = _account(path)
    if account is None:
        raise AuthenticationError(f"no Claude login: {TOKEN} is not set and {path} holds none", hint=_SETUP)
    until = _expiry(account)
    if until is not None and until <= now:
        raise AuthenticationError(f"the login in {path} ran out at {until:%Y-%m-%d %H:%M} UTC", hint=_SETUP)
    lasts = f", which lasts until {until:%Y-%m-%d %H:%M} UTC" if until is not None else ""
    return Credential(
        payer=f"the Claude subscription (the login in {path}{lasts})",
        login={"claudeAiOauth": {**account, "refreshToken": None}},
    )


def _login_path(environ: Mapping[str, str]) -> Path:
    directory = environ.get("CLAUDE_CONFIG_DIR") or str(Path(environ.get("HOME", "/")) / ".claude")
    return Path(directory) / LOGIN_FILE


def _account(path: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        document = json.loads(path.read_text())
        account = document.get("claudeAiOauth") if isinstance(document, dict) else None
        if isinstance(account, dict) and isinstance(account.get("accessToken"), str) and account["accessToken"]:
            return account
    return None


def _expiry(account: Mapping[str, Any]) -> datetime | None:
    milliseconds = account.get("expiresAt")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
