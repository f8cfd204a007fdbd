"""The proxy that stands between a confined session and the model, byte by byte."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from forge_loop.agents.credentials import Credential
from forge_loop.agents.sandbox.proxy import HEAD_BYTES
from forge_loop.agents.sandbox.upstream import Upstream, stand_in, upstream_of
from support.model_proxy import Caller, Server, client, everything, proxied, server

TOKEN = Credential(payer="", variables={"CLAUDE_CODE_OAUTH_TOKEN": "the-real-token"})
KEY = Credential(payer="", variables={"ANTHROPIC_API_KEY": "the-real-key"})
LOGIN = Credential(payer="", login={"claudeAiOauth": {"accessToken": "the-login", "refreshToken": None}})
BODY = b'{"stream": true}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: keep-alive\r\n\r\nevent: ping\n\n"


def ask(target: str = "/v1/messages?beta=true", *, method: str = "POST", fields: str = "", body: bytes = BODY) -> bytes:
    length = f"content-length: {len(body)}\r\n" if "content-length" not in fields.lower() else ""
    return f"{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n{length}{fields}\r\n".encode() + body


def answers(caller: Caller) -> None:
    caller.request()
    caller.say(ANSWER)


def upstream(to: Server, credential: Credential = TOKEN, *, path: str = "") -> Upstream:
    return upstream_of(credential, {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{to.port}{path}"})


def exchange(tmp_path: Path, request: bytes, credential: Credential = TOKEN, *, path: str = "") -> tuple[bytes, bytes]:
    """What came back and what reached the model, nothing if no connection did."""
    with (
        server(answers) as model,
        proxied(tmp_path / "api.sock", upstream(model, credential, path=path)) as at,
        client(at) as made,
    ):
        made.sendall(request)
        answer = everything(made)
    return answer, model.callers[0].got if model.callers else b""


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def test_the_real_credential_is_added_and_the_sessions_own_is_dropped(tmp_path: Path) -> None:
    fields = "Authorization: Bearer forged\r\nX-Api-Key: forged\r\nProxy-Authorization: forged\r\nX-App: cli\r\n"
    answer, asked = exchange(tmp_path, ask(fields=fields))
    head, _, body = asked.partition(b"\r\n\r\n")
    assert status(answer) == 200
    assert b"authorization: Bearer the-real-token" in head
    assert b"x-app: cli" in head
    assert b"forged" not in asked
    assert body == BODY


@pytest.mark.parametrize(
    ("credential", "line", "variable"),
    [
        (TOKEN, b"authorization: Bearer the-real-token", "CLAUDE_CODE_OAUTH_TOKEN"),
        (KEY, b"x-api-key: the-real-key", "ANTHROPIC_API_KEY"),
        (LOGIN, b"authorization: Bearer the-login", "CLAUDE_CODE_OAUTH_TOKEN"),
    ],
)
def test_each_credential_has_its_header_and_its_stand_in(
    tmp_path: Path, credential: Credential, line: bytes, variable: str
) -> None:
    assert line in exchange(tmp_path, ask(), credential)[1].split(b"\r\n")
    assert list(stand_in(credential)) == [variable]
    assert "real" not in str(stand_in(credential))


def test_the_secret_is_in_no_printed_form(tmp_path: Path) -> None:
    assert "the-real-token" not in repr(upstream_of(TOKEN, {}))


def test_the_request_goes_to_the_configured_address_with_its_path(tmp_path: Path) -> None:
    asked = exchange(tmp_path, ask(), path="/gateway/")[1]
    assert asked.startswith(b"POST /gateway/v1/messages?beta=true HTTP/1.1\r\nhost: 127.0.0.1:")


@pytest.mark.parametrize(
    "request_",
    [
        ask(method="GET"),
        ask(method="PUT"),
        ask("/v1/messages/count_tokens"),
        ask("/v1/messages/../organizations"),
        ask("/v1/messages%2f..%2fx"),
        ask("/V1/messages"),
        ask("//v1/messages"),
        ask("http://elsewhere.example/v1/messages"),
        ask("elsewhere.example:443", method="CONNECT"),
        ask("/v1/messages?a b"),
        ask(fields="transfer-encoding: chunked\r\n"),
        ask(fields="content-length: 5\r\ncontent-length: 16\r\n"),
        ask(fields="content-length: +16\r\n"),
        ask(fields="content-length: 99999999999\r\n"),
        ask(fields="x-a : b\r\n"),
        ask(fields="x-a: b\nauthorization: c\r\n"),
        ask(fields=" folded\r\n"),
        b"POST /v1/messages HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        ask(fields=f"x-a: {'b' * HEAD_BYTES}\r\n"),
    ],
    ids=lambda request_: request_[:40].decode(errors="replace"),
)
def test_anything_but_a_plain_request_for_a_message_goes_nowhere(tmp_path: Path, request_: bytes) -> None:
    answer, asked = exchange(tmp_path, request_)
    assert 400 <= status(answer) < 500
    assert b'"type": "error"' in answer
    assert asked == b""


def test_a_look_whether_the_service_is_there_is_answered_here(tmp_path: Path) -> None:
    answer, asked = exchange(tmp_path, ask("/api/hello", method="HEAD", body=b""))
    assert (status(answer), asked) == (200, b"")


def test_what_follows_a_request_never_becomes_a_second_one(tmp_path: Path) -> None:
    answer, asked = exchange(tmp_path, ask() + ask("/v1/organizations"))
    assert status(answer) == 200
    assert asked.endswith(BODY)
    assert b"organizations" not in asked
    assert b"connection: close" in asked


def test_a_client_that_keeps_connections_is_told_to_open_another(tmp_path: Path) -> None:
    with server(answers) as model, proxied(tmp_path / "api.sock", upstream(model)) as at:
        for _ in range(3):
            with client(at) as made:
                made.sendall(ask(fields="Connection: keep-alive\r\n"))
                answer = everything(made)
                assert answer.endswith(b"\r\nconnection: close\r\n\r\nevent: ping\n\n")
                assert b"keep-alive" not in answer
    assert len(model.callers) == 3


def test_an_answer_arrives_piece_by_piece(tmp_path: Path) -> None:
    first_heard = threading.Event()

    def in_two_parts(caller: Caller) -> None:
        caller.request()
        caller.say(ANSWER)
        assert first_heard.wait(10)
        caller.say(b"event: second\n\n")

    with server(in_two_parts) as model, proxied(tmp_path / "api.sock", upstream(model)) as at, client(at) as made:
        made.sendall(ask())
        heard = b""
        while not heard.endswith(b"event: ping\n\n"):
            heard += made.recv(1 << 16)
        first_heard.set()
        assert everything(made) == b"event: second\n\n"


def test_a_session_that_leaves_ends_the_request_at_the_model(tmp_path: Path) -> None:
    left = threading.Event()

    def endless(caller: Caller) -> None:
        caller.request()
        caller.say(ANSWER)
        try:
            if caller.read() == b"":
                left.set()
        except ConnectionError:
            left.set()

    with server(endless) as model, proxied(tmp_path / "api.sock", upstream(model)) as at:
        with client(at) as made:
            made.sendall(ask())
            assert made.recv(1 << 16)
        assert left.wait(10)


def test_a_session_that_leaves_in_mid_request_ends_it_too(tmp_path: Path) -> None:
    ended = threading.Event()

    def patient(caller: Caller) -> None:
        try:
            caller.request()
        finally:
            ended.set()

    with server(patient) as model, proxied(tmp_path / "api.sock", upstream(model)) as at:
        with client(at) as made:
            made.sendall(ask(fields="content-length: 1000\r\n"))
        assert ended.wait(10)
    assert model.callers[0].got.endswith(BODY)


def test_a_cut_answer_is_cut_for_the_session(tmp_path: Path) -> None:
    def cut(caller: Caller) -> None:
        caller.request()
        caller.say(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")

    with server(cut) as model, proxied(tmp_path / "api.sock", upstream(model)) as at, client(at) as made:
        made.sendall(ask())
        answer = everything(made)
    assert b"content-length: 1000" in answer
    assert answer.endswith(b"half")


def test_a_model_that_hangs_up_is_no_answer(tmp_path: Path) -> None:
    with (
        server(lambda _: None) as model,
        proxied(tmp_path / "api.sock", upstream(model)) as at,
        client(at) as made,
    ):
        made.sendall(ask())
        assert everything(made) == b""


def test_an_early_no_reaches_a_session_that_is_still_sending(tmp_path: Path) -> None:
    def refuses(caller: Caller) -> None:
        while not caller.got.endswith(b"\r\n\r\nx"):
            caller.read()
        caller.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")

    with server(refuses) as model, proxied(tmp_path / "api.sock", upstream(model)) as at, client(at) as made:
        made.sendall(ask(fields="content-length: 10000000\r\n", body=b"x"))
        assert status(everything(made)) == 413


def test_a_model_that_cannot_be_reached_is_an_error_of_the_service(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nowhere = upstream_of(TOKEN, {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"})
    with proxied(tmp_path / "api.sock", nowhere) as at, client(at) as made:
        made.sendall(ask())
        answer = everything(made)
    assert status(answer) == 502
    assert b"cannot be reached" in answer


def test_a_socket_may_lie_deeper_than_an_address_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with server(answers) as model, proxied(deep / "api.sock", upstream(model)):
        monkeypatch.chdir(deep)
        with client(Path("api.sock")) as made:
            made.sendall(ask())
            assert status(everything(made)) == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=model.example", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(place)]
    done = subprocess.run([*made, *subject], capture_output=True, check=True, timeout=60)
    place.write_bytes(place.read_bytes() + done.stdout)
    return place


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_model_behind_tls_is_asked_only_if_its_certificate_is_trusted(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    with server(answers, tls(certificate)) as model:
        over_tls = upstream_of(TOKEN, {"ANTHROPIC_BASE_URL": f"https://localhost:{model.port}"})
        for name, trusted in (("a", ""), ("b", str(certificate))):
            monkeypatch.setenv("NODE_EXTRA_CA_CERTS", trusted)
            with proxied(tmp_path / name, over_tls) as at, client(at) as made:
                made.sendall(ask())
                found.append(status(everything(made)))
    assert found == [502, 200]
    assert [caller.got.count(b"the-real-token") for caller in model.callers] == [1]


def test_a_model_behind_an_http_proxy_is_asked_through_it(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(certificate))

    def tunnel(caller: Caller) -> None:
        while b"\r\n\r\n" not in caller.got:
            caller.read(1)
        caller.say(b"HTTP/1.1 200 Connected\r\n\r\n")
        with tls(certificate).wrap_socket(caller.connection, server_side=True) as inner:
            behind = Caller(inner)
            answers(behind)
            caller.got += behind.got

    with server(tunnel) as gate:
        environ = {
            "ANTHROPIC_BASE_URL": "https://localhost:9",
            "HTTPS_PROXY": f"http://me:p%20w@127.0.0.1:{gate.port}",
        }
        with proxied(tmp_path / "api.sock", upstream_of(TOKEN, environ)) as at, client(at) as made:
            made.sendall(ask())
            assert status(everything(made)) == 200
    (got,) = [caller.got for caller in gate.callers]
    assert got.startswith(b"CONNECT localhost:9 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6cCB3" in got  # me:p w
    assert got.index(b"the-real-token") > got.index(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, ""),
        ({"https_proxy": "http://p.example:1"}, "http://p.example:1"),
        ({"HTTPS_PROXY": "p.example:1"}, "http://p.example:1"),
        ({"ALL_PROXY": "http://p.example:1"}, "http://p.example:1"),
        ({"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "api.anthropic.com"}, ""),
        ({"HTTPS_PROXY": "http://p.example:1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}, ""),
    ],
)
def test_which_proxy_leads_to_the_model(environ: dict[str, str], proxy: str) -> None:
    assert upstream_of(TOKEN, environ).proxy == proxy


@pytest.mark.parametrize(
    "environ", [{"HTTPS_PROXY": "socks5://p.example:1"}, {"ANTHROPIC_BASE_URL": "ftp://x"}, {"ANTHROPIC_BASE_URL": "x"}]
)
def test_what_the_proxy_cannot_reach_is_refused_beforehand(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"(?i)http"):
        upstream_of(TOKEN, environ)
