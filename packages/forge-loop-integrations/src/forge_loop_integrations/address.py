"""Where a message may go: the address behind a URL, resolved once.

Owns: which schemes and addresses are refused. Must not: connect.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from forge_loop import OperatorError

# What may stand in a path as it is; a URL that is written with other letters is sent with their bytes.
SAFE = "%/:=&?~#+!$,;'@()*[]"
PORTS = {"https": 443, "http": 80}
# Public to ipaddress, but with an IPv4 address inside that may not be.
CARRYING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class RefusedAddress(OperatorError):
    """A URL to which nothing is sent. The message names the host at most: a URL can be a secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL and the addresses it is sent to, whatever its name resolves to later: the first that can be reached."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str) -> None:
    """Raises RefusedAddress for a URL that nothing could ever be sent to. Resolves nothing."""
    _parts(url)


def target_of(url: str, *, private: bool) -> Target:
    """The target of a URL. `private` allows addresses that are not public, and http to this machine.

    Raises RefusedAddress for one that is refused, OSError where the name cannot be resolved now.
    """
    parts = _parts(url)
    host = _ascii(parts.hostname or "")
    port = parts.port or PORTS[parts.scheme]
    found = [str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private and (bad := next((each for each in found if not is_public(each)), None)) is not None:
        raise RefusedAddress(
            f"{host!r} leads to {bad}, which is not a public address", hint="allow_private: true, if that is meant"
        )
    if parts.scheme == "http" and not all(ipaddress.ip_address(each).is_loopback for each in found):
        raise RefusedAddress(f"{host!r}: http is only for this machine; use https")
    path = parts.path or "/"
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        addresses=tuple(dict.fromkeys(found)),
        path=quote(f"{path}?{parts.query}" if parts.query else path, safe=SAFE),
    )


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, as far as its number says."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in CARRYING):
            return False
    return ip.is_global and not ip.is_multicast


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise RefusedAddress("the URL names a host that cannot be") from None


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddress("the URL cannot be read") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise RefusedAddress("the URL must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddress("the URL must not carry a user or a password")
    if any(character <= " " or character == "\x7f" for character in url):
        raise RefusedAddress("the URL holds a space or a control character")
    return parts
