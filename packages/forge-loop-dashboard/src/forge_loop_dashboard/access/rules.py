"""What a request must be to be answered at all, decided from its head alone.

Owns: the rules, as one pure function of the head, the keys and the time. Must not: read a body, or send anything.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from forge_loop_dashboard.access.keys import Keys

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MOST_BYTES = 64 * 1024
API = "/api/"
OPEN = frozenset({"/healthz", "/login", "/static/page.css"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A request without its body. `headers` are in lower case, every value of a name in order."""

    method: str
    path: str
    headers: dict[str, tuple[str, ...]]

    def one(self, name: str) -> str | None:
        """The only value of a header; None if there is none. Two are as bad as a wrong one."""
        found = self.headers.get(name, ())
        return found[0] if len(found) == 1 else None if not found else "\0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    status: int
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """`login` is None on a path that needs none, and where the token itself was given."""

    login: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """`names` are the hosts it may be asked as; with `any_address`, every IP address too: rebinding needs a name."""

    names: frozenset[str]
    any_address: bool = False


def judge(head: Head, policy: Policy, keys: Keys, now: datetime) -> Passed | Refusal:
    """Whether this head may go on, and as whom."""
    host = head.one("host") or ""
    if not _is_ours(host, policy):
        return Refusal(status=400, says="this host name is not one the dashboard answers to")
    if head.method not in ("GET", "HEAD", "POST"):
        return Refusal(status=405, says="only GET, HEAD and POST are understood here")
    if head.path.startswith(API):
        return _api(head, host, keys)
    login = _login(head, keys, now)
    if login is None and head.path not in OPEN:
        return Refusal(status=401, says="log in first")
    if head.method == "POST":
        return _post(head, host, FORM, login) or Passed(login=login)
    return Passed(login=login)


def _api(head: Head, host: str, keys: Keys) -> Passed | Refusal:
    """The token, not the cookie: a page on another site can send no header, so it cannot reach this at all."""
    scheme, _, token = (head.one("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not keys.is_token(token.strip()):
        return Refusal(status=401, says="give the dashboard's token: Authorization: Bearer TOKEN")
    if _is_foreign(head, host):
        return Refusal(status=403, says="another site asked")
    if head.method == "POST":
        return _body(head, JSON) or Passed(login=None)
    return Passed(login=None)


def _post(head: Head, host: str, content_type: str, login: str | None) -> Refusal | None:
    site = head.one("sec-fetch-site")
    if _is_foreign(head, host) or (site is None and head.one("origin") is None):
        return Refusal(status=403, says="a form must come from this page itself")
    if login is None and head.path != "/login":
        return Refusal(status=401, says="log in first")
    return _body(head, content_type)


def _body(head: Head, content_type: str) -> Refusal | None:
    if (head.one("content-type") or "").partition(";")[0].strip().lower() != content_type:
        return Refusal(status=415, says=f"send {content_type}")
    length = head.one("content-length")
    if length is None or not (length.isascii() and length.isdigit()):
        return Refusal(status=411, says="say how long the body is")
    return Refusal(status=413, says=f"more than {MOST_BYTES} bytes") if int(length) > MOST_BYTES else None


def _is_foreign(head: Head, host: str) -> bool:
    """Whether a browser says that another site asked; a program says neither."""
    site, origin = head.one("sec-fetch-site"), head.one("origin")
    if site is not None and site != "same-origin":
        return True
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


def _is_ours(host: str, policy: Policy) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        urlsplit(f"//{host}").port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return False
    if "@" in host or "/" in host or "?" in host or "#" in host:
        return False
    return name in policy.names or (policy.any_address and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _login(head: Head, keys: Keys, now: datetime) -> str | None:
    for line in head.headers.get("cookie", ()):
        try:
            jar = SimpleCookie(line)
        except CookieError:
            continue
        if keys.cookie_name in jar:
            return keys.login_of(jar[keys.cookie_name].value, now)
    return None
