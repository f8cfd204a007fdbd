"""The model's API as the proxy reaches it: the address, the credential's header, the way through an HTTP proxy.

Owns: which header carries the real credential, what stands for it inside, and opening a connection. Must not: follow a
redirect, or speak to any other address.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass

from forge_loop.agents.credentials import API_KEY, TOKEN, Credential

MODEL_API = "https://api.anthropic.com"
PLACEHOLDER = "held-by-the-loop"
PROXY_VARIABLES = frozenset(
    spelled for name in ("http", "https", "all", "no") for spelled in (f"{name}_proxy", f"{name}_proxy".upper())
)
CONNECT_SECONDS = 30.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """`url` is http or https. `header` and `secret` are what is added to each request; `proxy` is an HTTP proxy that
    https goes through, or empty."""

    url: str
    header: str
    secret: str = field(repr=False)
    proxy: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """host[:port], without any user information."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path.rstrip("/")


def upstream_of(credential: Credential, environ: Mapping[str, str]) -> Upstream:
    """Where the requests of a session with this credential go. Raises ValueError for what cannot be reached so."""
    url = environ.get("ANTHROPIC_BASE_URL") or MODEL_API
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"ANTHROPIC_BASE_URL {url!r} is not an http address")
    header, secret = _header(credential)
    proxy = _proxy(parts.hostname, environ) if parts.scheme == "https" else ""
    return Upstream(url=url, header=header, secret=secret, proxy=proxy)


def stand_in(credential: Credential) -> dict[str, str]:
    """The variables that stand for the credential inside: they decide which kind Claude Code believes to have."""
    return {API_KEY if API_KEY in credential.variables else TOKEN: PLACEHOLDER}


def _header(credential: Credential) -> tuple[str, str]:
    if API_KEY in credential.variables:
        return "x-api-key", credential.variables[API_KEY].strip()
    if credential.login is not None:
        return "authorization", f"Bearer {credential.login['claudeAiOauth']['accessToken']}"
    return "authorization", f"Bearer {credential.variables[TOKEN].strip()}"


def _proxy(host: str, environ: Mapping[str, str]) -> str:
    def value(name: str) -> str:
        return environ.get(f"{name}_proxy") or environ.get(f"{name}_proxy".upper()) or ""

    proxy = value("https") or value("all")
    if not proxy or proxy_bypass(host, {"no": value("no")}):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme != "http" or not urlsplit(proxy).hostname:
        raise ValueError("the sandbox reaches the model through HTTP proxies only, and HTTPS_PROXY names another kind")
    return proxy


async def connect(upstream: Upstream) -> Connection:
    """A connection that requests can be written to. Raises OSError (TimeoutError included)."""
    parts = urlsplit(upstream.url)
    assert parts.hostname is not None, "checked in upstream_of"
    async with asyncio.timeout(CONNECT_SECONDS):
        if parts.scheme == "http":
            return await asyncio.open_connection(parts.hostname, parts.port or 80)
        port = parts.port or 443
        if not upstream.proxy:
            return await asyncio.open_connection(parts.hostname, port, ssl=_tls())
        return await _through(upstream.proxy, parts.hostname, port)


async def _through(proxy: str, host: str, port: int) -> Connection:
    parts = urlsplit(proxy)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = f"proxy-authorization: Basic {base64.b64encode(login.encode()).decode()}\r\n" if parts.username else ""
        writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n{basic}\r\n".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode(errors="replace")
        if answer.split()[1:2] != ["200"]:
            raise ConnectionRefusedError(f"the proxy answered {answer!r}")
        await writer.start_tls(_tls(), server_hostname=host)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.close()
        raise ConnectionRefusedError("the proxy gave no answer") from None
    except BaseException:
        writer.close()
        raise
    return reader, writer


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    more = os.environ.get("NODE_EXTRA_CA_CERTS")  # what Claude Code itself would trust
    if more:
        context.load_verify_locations(more)
    return context
