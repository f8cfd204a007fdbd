"""What git needs to reach a host that asks who is there.

Owns: handing a token to git through its environment alone, and which transport it may use. Must not: write the token
into an address, a file or a command line, or give it to another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from forge_loop.errors import AuthenticationError, GitError, RefusedError

_TOKEN = "FORGE_LOOP_GIT_TOKEN"
# The command line holds this program and never what it prints; that goes to git through a pipe.
_HELPER = f'!f() {{ test "$1" = get && printf "username=x-access-token\\npassword=%s\\n" "${_TOKEN}"; }}; f'
# The way out of the operator's network, and whom to trust on it.
_PASSED_ON = frozenset(
    name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())
) | {"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """`settings` and `environment` of every git command that speaks to the host; nothing for a path on this disk."""

    settings: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def with_token(url: str, token: str, environ: Mapping[str, str]) -> Access:
    """Access to the host of `url`, which is https (or http on loopback), as the token's account."""
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}"
    settings = (
        f"protocol.{parts.scheme}.allow=always",
        f"credential.{host}.helper={_HELPER}",
        # Whoever is sent elsewhere stays: the token is for this host.
        "http.followRedirects=false",
    )
    environment = {name: environ[name] for name in _PASSED_ON if name in environ}
    return Access(settings=settings, environment={**environment, _TOKEN: token})


def not_let_in(error: GitError, url: str) -> AuthenticationError | RefusedError | None:
    """What the host's no to this account means; None if the failure is of another kind."""
    said = error.output
    if "Authentication failed" in said or "could not read Username" in said or "could not read Password" in said:
        return AuthenticationError(f"{url} does not let git in with the token", hint="forge-loop doctor --only github")
    if "returned error: 403" in said:
        return RefusedError(f"{url} does not let the token's account do this: Contents: write is needed to push")
    return None
