"""The dashboard's token and what is made from it: the one-time link, the cookie of a login, the token of its forms.

Owns: the token file (0600, in the state directory) and the proofs. Must not: keep logins: a cookie proves itself, so a
page that was open goes on after the dashboard was started again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from forge_loop import UnsupportedPlaceError

FILE_NAME = "dashboard.token"
LEAST_CHARACTERS = 32
LINK_LASTS = timedelta(minutes=5)
LOGIN_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Keys:
    """`token` opens the JSON API and the login page, and signs everything else."""

    token: str

    @property
    def cookie_name(self) -> str:
        """Cookies are shared by all ports of a host: each state directory has a name of its own."""
        return f"forge_loop_{self._sign('cookie name')[:12]}"

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def new_cookie(self, now: datetime) -> str:
        """A new login, good until LOGIN_LASTS from `now`."""
        said = f"{secrets.token_hex(8)}.{int((now + LOGIN_LASTS).timestamp())}"
        return f"{said}.{self._sign('login ' + said)}"

    def login_of(self, cookie: str, now: datetime) -> str | None:
        """The login that a cookie proves, or None."""
        said, _, proof = cookie.rpartition(".")
        if not hmac.compare_digest(proof.encode(), self._sign("login " + said).encode()):
            return None
        login, _, until = said.partition(".")
        return login if until.isascii() and until.isdigit() and now.timestamp() < int(until) else None

    def form_token(self, login: str) -> str:
        """What a form of this login must carry."""
        return self._sign("form " + login)

    def is_form_token(self, given: str, login: str) -> bool:
        return hmac.compare_digest(given.encode(), self.form_token(login).encode())

    def _sign(self, said: str) -> str:
        return hmac.new(self.token.encode(), said.encode(), hashlib.sha256).hexdigest()


class OneTimeLink:
    """A code that opens the page once, within LINK_LASTS."""

    def __init__(self, now: datetime) -> None:
        self.code = secrets.token_urlsafe(24)
        self._until = now + LINK_LASTS
        self._used = False

    def take(self, given: str, now: datetime) -> bool:
        """Whether `given` is the code and still good; it is not afterwards."""
        if self._used or now >= self._until or not hmac.compare_digest(given.encode(), self.code.encode()):
            return False
        self._used = True
        return True


def open_keys(state_dir: Path) -> Keys:
    """The keys of a state directory, made on the first call. Raises UnsupportedPlaceError if others can read it."""
    path = state_dir / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return Keys(_read(path))
    with os.fdopen(descriptor, "w") as file:
        token = secrets.token_urlsafe(32)
        file.write(token + "\n")
    return Keys(token)


def _read(path: Path) -> str:
    hint = f"remove it, and a new one is made: rm {path}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise UnsupportedPlaceError(f"{path} cannot be read: {error.strerror}", hint=hint) from None
    with os.fdopen(descriptor) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise UnsupportedPlaceError(f"{path} is not a file that only you can read", hint=hint)
        token = file.read(1024).strip()
    if len(token) < LEAST_CHARACTERS:
        raise UnsupportedPlaceError(f"{path} holds no token", hint=hint)
    return token
