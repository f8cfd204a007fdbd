"""git over HTTP: `git http-backend` as a CGI program.

Owns: what the program is told and what its answer means. Must not: know issues.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from support.fake_github.answering import Raw
from support.fake_github.state import State

UNAUTHORISED = Raw(status=401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'}, body=b"")


def serve(state: State, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Raw:
    """Who has no credentials yet is asked for them; reading and writing are told apart by the service."""
    account = _account(state, headers)
    if account is None:
        return UNAUTHORISED
    login, may_write = account
    if "git-receive-pack" in target and not may_write:
        return Raw(status=403, headers={}, body=b"Permission to the repository denied.")
    return _run(state, method, target, headers, body, login)


def _account(state: State, headers: Mapping[str, str]) -> tuple[str, bool] | None:
    kind, _, coded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    _, _, secret = base64.b64decode(coded).decode().partition(":")
    token = state.tokens.get(secret)
    if token is None:
        return None
    granted = token.permissions is None or "contents:write" in token.permissions
    return token.account.login, granted and token.account.role in ("write", "maintain", "admin")


def _run(state: State, method: str, target: str, headers: Mapping[str, str], body: bytes, login: str) -> Raw:
    parts = urlsplit(target)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_PROJECT_ROOT": str(state.bare.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": parts.path.replace(f"/{state.full_name}.git", f"/{state.bare.name}", 1),
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": login,
        "REMOTE_ADDR": "127.0.0.1",
    }
    for header, variable in (("git-protocol", "GIT_PROTOCOL"), ("content-encoding", "HTTP_CONTENT_ENCODING")):
        if header in headers:
            environment[variable] = headers[header]
    done = subprocess.run(
        ["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=60, check=False
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(fields.pop("Status", "200").split(" ")[0])
    return Raw(status=status, headers=fields, body=content)


def is_git(state: State, target: str) -> bool:
    return Path(urlsplit(target).path).as_posix().startswith(f"/{state.full_name}.git/")
