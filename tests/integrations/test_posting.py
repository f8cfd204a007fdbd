"""One request over the wire: where it goes, what of the answer is kept, and how long it may take."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from forge_loop_integrations.posting import LARGEST_ANSWER, NoAnswer, Poster, retry_after
from support.receivers import Reply, in_turn, receiving


def test_a_request_arrives_as_it_is_and_its_answer_comes_back() -> None:
    with receiving(in_turn(Reply(status=201, body=b'{"a":1}'))) as receiver:
        poster = Poster(private=True)
        reply = poster.send("POST", f"{receiver.url}/hook?a=b", b"body", {"x-own": "yes"})
        poster.close()
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
            poster.close()
        assert other.requests == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(in_turn(Reply())) as proxy, receiving(in_turn(Reply())) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        poster = Poster(private=True)
        poster.send("POST", receiver.url, b"", {})
        poster.close()
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
        poster.close()
        assert time.monotonic() - began < 5


def test_a_receiver_that_is_not_there_is_said_to_be_out_of_reach_without_its_url() -> None:
    with receiving(in_turn(Reply())) as receiver:
        url = f"{receiver.url}/secret-path"
    poster = Poster(private=True)
    with pytest.raises(NoAnswer) as error:
        poster.send("POST", url, b"", {})
    poster.close()
    assert str(error.value) == "it cannot be reached"


def test_only_the_beginning_of_a_long_answer_is_read() -> None:
    with receiving(in_turn(Reply(body=b"x" * (LARGEST_ANSWER * 20)))) as receiver:
        poster = Poster(private=True)
        assert len(poster.send("POST", receiver.url, b"", {}).body) == LARGEST_ANSWER
        poster.close()


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
