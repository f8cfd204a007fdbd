"""Where a repository is: its addresses, and the account's token for it.

Owns: the API's and git's addresses for github.com and Enterprise Server, the order in which a token is looked for.
Must not: send a request, or keep a token anywhere but in memory.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from forge_loop.errors import AuthenticationError, OperatorError

PUBLIC = "github.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
GH_TIMEOUT = 30.0
_HINT = "set GH_TOKEN, or `gh auth login`, or github.token: in forge-loop.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One repository at one GitHub. `web` is the address people type, without a slash at its end."""

    web: str
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def host(self) -> str:
        return urlsplit(self.web).hostname or ""

    @property
    def api(self) -> str:
        return f"https://api.{PUBLIC}" if self.host == PUBLIC else f"{self.web}/api/v3"

    @property
    def graphql(self) -> str:
        return f"https://api.{PUBLIC}/graphql" if self.host == PUBLIC else f"{self.web}/api/graphql"

    @property
    def git(self) -> str:
        return f"{self.web}/{self.full_name}.git"


def place_of(url: str, repository: str) -> Place:
    """The place of `owner/name` at `url`. Raises OperatorError for an address that a token must not be sent to."""
    web = url.rstrip("/")
    parts = urlsplit(web)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not secure or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise OperatorError(f"github.url: {url!r} is no address of a GitHub", hint="github.url: https://HOST")
    owner, _, name = repository.partition("/")
    return Place(web=web, owner=owner, name=name.removesuffix(".git"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFound:
    """`source` says where it comes from; the value itself is never shown."""

    value: str = field(repr=False)
    source: str


def find_token(place: Place, setting: str, environ: Mapping[str, str]) -> TokenFound:
    """The setting, then the environment as `gh` reads it, then gh's own login. Raises AuthenticationError."""
    if setting:
        return _set(setting, environ)
    names = ("GH_TOKEN", "GITHUB_TOKEN")
    if place.host != PUBLIC:
        names = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    for name in names:
        value = environ.get(name, "").strip()
        if value:
            return TokenFound(value=value, source=name)
    value = _gh_login(place, environ)
    if not value:
        raise AuthenticationError(f"there is no token for {place.host}", hint=_HINT)
    return TokenFound(value=value, source="gh auth token")


def _set(setting: str, environ: Mapping[str, str]) -> TokenFound:
    kind, _, what = setting.partition(":")
    if kind == "env" and what:
        value = environ.get(what, "").strip()
    elif kind == "file" and what:
        try:
            value = Path(what).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthenticationError(f"github.token: {what!r} cannot be read: {error}") from None
    else:
        raise OperatorError("github.token: expected env:NAME or file:PATH", hint="never the token itself")
    if not value:
        raise AuthenticationError(f"github.token: {setting!r} holds nothing", hint=_HINT)
    return TokenFound(value=value, source=setting)


def _gh_login(place: Place, environ: Mapping[str, str]) -> str:
    """What `gh` has stored. Asked once, kept in memory."""
    command = ["gh", "auth", "token", "--hostname", place.host]
    try:
        done = subprocess.run(
            command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=GH_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else ""
