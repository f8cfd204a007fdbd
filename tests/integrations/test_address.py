"""To which addresses nothing is sent."""

from __future__ import annotations

import socket

import pytest

from forge_loop_integrations.address import RefusedAddress, check_url, is_public, target_of

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "2001:db8::1",
]


def resolving(*addresses: str) -> object:
    """A resolver that answers with these."""

    def resolve(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in addresses]

    return resolve


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_public(address)
    monkeypatch.setattr(socket, "getaddrinfo", resolving(address))
    with pytest.raises(RefusedAddress, match="not a public address"):
        target_of("https://receiver.example/hook", private=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_is_where_the_message_goes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(address))
    target = target_of("https://receiver.example/hook?x=1", private=False)
    assert (target.addresses, target.port, target.path) == ((address,), 443, "/hook?x=1")
    assert target.host_header == "receiver.example"


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.216.34", "10.0.0.1"))
    with pytest.raises(RefusedAddress):
        target_of("https://receiver.example/", private=False)


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://localhost/"])
def test_this_machine_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(RefusedAddress):
        target_of(url, private=False)


def test_private_addresses_can_be_allowed() -> None:
    target = target_of("http://127.0.0.1:8123/x", private=True)
    assert (target.addresses, target.path, target.host_header) == (("127.0.0.1",), "/x", "127.0.0.1:8123")


def test_http_is_only_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("10.0.0.1"))
    with pytest.raises(RefusedAddress, match="use https"):
        target_of("http://receiver.example/", private=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver.example",
        "ftp://receiver.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:word@receiver.example/",
        "https://receiver.example:0/",
        "https://receiver.example:99999/",
        "https://receiver.example/a b",
        "https://receiver.example/\x00",
        "https://[::1/",
    ],
)
def test_what_is_no_https_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(RefusedAddress) as refused:
        check_url(url)
    assert url in ("", "https://") or url not in str(refused.value)
