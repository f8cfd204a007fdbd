"""One request over the wire: where it goes, what of the answer is kept, and how long it may take."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop_integrations.address import Target
from forge_loop_integrations.posting import LARGEST_ANSWER, NoAnswer, Poster, retry_after
from support.receivers import Reply, in_turn, receiving


def test_a_request_arrives_as_it_is_and_its_answer_comes_back() -> None:
    with receiving(in_turn(Reply(status=201, body=b'{"a":1}'))) as receiver:
        poster = Poster(private=True)
        reply = poster.send("POST", f"{receiver.url}/hook?a=b", b"body", {"x-own": "yes"})
        (request,) = receiver.requests
        assert (reply.status, reply.ok, reply.json()) == (201, True, {"a": 1})
        assert (request.method, request.path, request.body) == ("POST", "/hook?a=b", b"body")
        assert request.headers["x-own"] == "yes"
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert request.headers["user-agent"].startswith("forge-loop/")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with receiving(in_turn(Reply(status=200))) as other:
        away = Reply(status=302, headers={"location": f"{other.url}/stolen"})
        with receiving(in_turn(away)) as receiver:
            poster = Poster(private=True)
            assert poster.send("POST", receiver.url, b"secret", {}).status == 302
        assert other.requests == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(in_turn(Reply())) as proxy, receiving(in_turn(Reply())) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        poster = Poster(private=True)
        poster.send("POST", receiver.url, b"", {})
        assert (len(proxy.requests), len(receiver.requests)) == (0, 1)


@pytest.mark.parametrize(
    ("fault", "says"), [("drop", "cut off"), ("cut", "cut off"), ("hang", "does not answer in time")]
)
def test_an_answer_that_does_not_come_whole_is_none(fault: str, says: str) -> None:
    with receiving(in_turn(Reply(body=b"x", fault=fault))) as receiver:
        poster = Poster(private=True, timeout=0.5)
        began = time.monotonic()
        with pytest.raises(NoAnswer, match=says):
            poster.send("POST", receiver.url, b"", {})
        assert time.monotonic() - began < 5


def test_a_receiver_that_is_not_there_is_said_to_be_out_of_reach_without_its_url() -> None:
    with receiving(in_turn(Reply())) as receiver:
        url = f"{receiver.url}/secret-path"
    poster = Poster(private=True)
    with pytest.raises(NoAnswer) as error:
        poster.send("POST", url, b"", {})
    assert str(error.value) == "it cannot be reached"


def test_only_the_beginning_of_a_long_answer_is_read() -> None:
    with receiving(in_turn(Reply(body=b"x" * (LARGEST_ANSWER * 20)))) as receiver:
        poster = Poster(private=True)
        assert len(poster.send("POST", receiver.url, b"", {}).body) == LARGEST_ANSWER


@contextlib.contextmanager
def speaking(talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A receiver that says what `talk` sends to whoever calls, until the caller hangs up; its port."""

    def serve() -> None:
        with contextlib.suppress(OSError):  # the caller hung up, or nobody came
            plain, _ = listener.accept()
            with plain if tls is None else tls.wrap_socket(plain, server_side=True) as caller:
                caller.recv(65536)
                talk(caller)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        assert not thread.is_alive()


def drip(*, head: bytes) -> Callable[[socket.socket], None]:
    """A byte now and then, for ever: no single wait of it is long."""

    def talk(caller: socket.socket) -> None:
        caller.sendall(head)
        while True:
            caller.sendall(b"x")
            time.sleep(0.02)

    return talk


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx-", b"HTTP/1.1 200 OK\r\n\r\n", b""])
def test_an_answer_that_drips_in_is_over_when_the_time_for_all_of_it_is(head: bytes) -> None:
    with speaking(drip(head=head)) as port:
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="does not answer in time"):
            Poster(private=True, timeout=0.5).send("POST", f"http://127.0.0.1:{port}/", b"", {})
        assert time.monotonic() - began < 5


def test_of_ten_gigabytes_the_beginning_is_read_and_the_rest_left() -> None:
    sent = 0

    def talk(caller: socket.socket) -> None:
        nonlocal sent
        caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            sent += caller.send(b"x" * 65536)

    with speaking(talk) as port:
        reply = Poster(private=True).send("POST", f"http://127.0.0.1:{port}/", b"", {})
    assert (reply.status, len(reply.body)) == (200, LARGEST_ANSWER)
    assert sent < 100_000_000


def test_endless_headers_are_no_answer() -> None:
    def talk(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            caller.sendall(b"x-more: y\r\n" * 1000)

    with speaking(talk) as port, pytest.raises(NoAnswer, match="no HTTP"):
        Poster(private=True).send("POST", f"http://127.0.0.1:{port}/", b"", {})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=receiver.example", "-addext", "subjectAltName=DNS:receiver.example"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(place)]
    done = subprocess.run([*made, *subject], capture_output=True, check=True, timeout=60)
    place.write_bytes(place.read_bytes() + done.stdout)
    return place


@pytest.mark.parametrize(
    ("host", "trusted", "taken"),
    [("receiver.example", True, True), ("receiver.example", False, False), ("other.example", True, False)],
)
def test_over_https_the_certificate_must_be_the_names_whatever_the_address(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, taken: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    asked: list[str] = []

    def resolve(name: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with speaking(lambda caller: caller.sendall(b"HTTP/1.1 204 No\r\n\r\n"), context) as port:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        poster, url = Poster(private=True), f"https://{host}:{port}/hook"
        if taken:
            assert poster.send("POST", url, b"", {}).status == 204
        else:
            with pytest.raises(NoAnswer, match="certificate"):
                poster.send("POST", url, b"", {})
    assert asked == [host], "the name is asked for once; what it means later does not matter"


def test_another_address_of_the_name_is_tried_where_the_first_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving(in_turn(Reply(status=204))) as receiver:
        both = Target(
            scheme="http", host="receiver.example", port=receiver.port, addresses=("127.0.0.9", "127.0.0.1"), path="/"
        )
        monkeypatch.setattr("forge_loop_integrations.posting.target_of", lambda _url, **_: both)
        assert Poster(private=True).send("POST", receiver.url, b"", {}).status == 204


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-1", None),
        ("120", 120),
        ("1.5", 1.5),
        ("Sat, 31 Jan 2026 12:01:00 GMT", 60),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)) == seconds
