from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from forge_loop.rehearsal.model import REMINDER, Answer, Cut, Reply, Request, ScriptedModel, report, use

Serve = Callable[[Answer], ScriptedModel]


@pytest.fixture
def serve() -> Iterator[Serve]:
    models: list[ScriptedModel] = []

    def start(answer: Answer) -> ScriptedModel:
        models.append(ScriptedModel(answer))
        return models[-1]

    yield start
    for model in models:
        model.close()


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def called(name: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": name, "input": {}}]}


def answered(text: str, *, is_error: bool = False) -> dict[str, Any]:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": text, "is_error": is_error}
    return {"role": "user", "content": [result, {"type": "text", "text": f"{REMINDER}be brief"}]}


def ask(
    model: ScriptedModel,
    *messages: dict[str, Any],
    path: str = "/v1/messages?beta=true",
    most: int | None = None,
    **fields: Any,
) -> Any:
    host = model.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    body = {"model": "m", "stream": True, "messages": list(messages) or [user("hello")], **fields}
    try:
        connection.request("POST", path, json.dumps(body), {"X-Claude-Code-Session-Id": "s1"})
        response = connection.getresponse()
        return response.status, response.headers, response.read(most)
    finally:
        connection.close()


def events(raw: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in raw.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


def test_text_and_tools_arrive_as_a_stream(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="hello", tools=(("Bash", {"command": "ls"}),)))
    status, headers, raw = ask(model)
    found = events(raw)
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert [event["type"] for event in found] == [
        "message_start",
        *(["content_block_start", "content_block_delta", "content_block_stop"] * 2),
        "message_delta",
        "message_stop",
    ]
    assert found[2]["delta"] == {"type": "text_delta", "text": "hello"}
    assert json.loads(found[5]["delta"]["partial_json"]) == {"command": "ls"}
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_without_a_stream_the_message_comes_whole(serve: Serve) -> None:
    _, headers, raw = ask(serve(lambda _: Reply(text="hello")), stream=False)
    whole = json.loads(raw)
    assert headers["content-type"] == "application/json"
    assert (whole["content"], whole["stop_reason"]) == ([{"type": "text", "text": "hello"}], "end_turn")


def test_a_script_sees_who_asks_and_how_far_it_is(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="ok"))
    schema: dict[str, Any] = {"properties": {"status": {}, "summary": {}}}
    tools = [{"name": "Bash"}, {"name": "StructuredOutput", "input_schema": schema}]
    ask(
        model,
        user("a reminder", "first"),
        called("Bash"),
        answered("one"),
        called("Bash"),
        answered("two", is_error=True),
        user("second"),
        called("Bash"),
        answered("three"),
        system=[{"type": "text", "text": "brief"}],
        tools=tools,
    )
    (request,) = model.requests
    assert (request.session, request.model, request.system) == ("s1", "m", "brief")
    assert (request.prompt, request.latest) == ("a reminder\nfirst", "second")
    assert (request.step, request.turn) == (3, 1)
    assert [(result.text, result.is_error) for result in request.results] == [
        ("one", False),
        ("two", True),
        ("three", False),
    ]
    assert request.tools == {"Bash", "StructuredOutput"}
    assert request.report_fields == {"status", "summary"}


def test_a_prompt_beside_the_last_tools_result_is_the_latest(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="ok"))
    beside = answered("one")
    beside["content"] = [beside["content"][0], {"type": "text", "text": "second"}]
    ask(model, user("first"), called("Bash"), beside, called("Bash"), answered("two"))
    (request,) = model.requests
    assert (request.prompt, request.latest, request.step, request.turn) == ("first", "second", 2, 1)


def test_a_stream_can_go_on_for_ever(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="on and on", endless=True))
    _, _, raw = ask(model, most=1000)
    assert raw.count(b"on and on") > 2


def test_an_error_has_its_status_headers_and_words(serve: Serve) -> None:
    limit = Reply(status=429, error=("rate_limit_error", "slow down"), headers={"retry-after": "7"})
    status, headers, raw = ask(serve(lambda _: limit))
    assert (status, headers["retry-after"]) == (429, "7")
    assert json.loads(raw) == {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}


@pytest.mark.parametrize(("cut", "last"), [(Cut.AFTER_START, "message_start"), (Cut.MID_TEXT, "content_block_delta")])
def test_a_stream_can_be_cut(cut: Cut, last: str, serve: Serve) -> None:
    _, _, raw = ask(serve(lambda _: Reply(text="hello", cut=cut)))
    assert events(raw)[-1]["type"] == last


@pytest.mark.parametrize(("cut", "stream"), [(Cut.BEFORE_START, True), (Cut.MID_TEXT, False)])
def test_a_connection_can_be_cut_before_any_answer(cut: Cut, stream: bool, serve: Serve) -> None:
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(serve(lambda _: Reply(text="never", cut=cut)), stream=stream)


def test_a_stalled_stream_pings_until_it_is_let_go(serve: Serve) -> None:
    go = threading.Event()
    model = serve(lambda _: Reply(text="at last", until=go))
    heard: list[bytes] = []
    asking = threading.Thread(target=lambda: heard.append(ask(model)[2]))
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    go.set()
    asking.join(5)
    kinds = [event["type"] for event in events(heard[0])]
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-1] == "message_stop"


def test_a_stall_has_its_length(serve: Serve) -> None:
    began = time.monotonic()
    _, _, raw = ask(serve(lambda _: Reply(text="later", wait=0.3)))
    assert 0.3 <= time.monotonic() - began < 5
    assert events(raw)[-1]["type"] == "message_stop"


def test_closing_lets_nobody_wait(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="never", until=threading.Event()))

    def waiting() -> None:
        with suppress(http.client.HTTPException, OSError):
            ask(model)

    asking = threading.Thread(target=waiting)
    asking.start()
    asking.join(0.2)
    model.close()
    asking.join(5)
    assert not asking.is_alive()


def test_a_fault_of_the_script_is_an_answer_and_is_kept(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        raise LookupError("no line for this")

    model = serve(answer)
    status, _, raw = ask(model)
    assert status == 400
    assert b"no line for this" in raw
    assert [type(failure) for failure in model.failures] == [LookupError]


def test_anything_but_messages_is_not_there(serve: Serve) -> None:
    model = serve(lambda _: Reply(text="ok"))
    assert ask(model, path="/v1/messages/count_tokens")[0] == 404
    connection = http.client.HTTPConnection(model.url.removeprefix("http://"), timeout=10)
    connection.request("HEAD", "/api/hello")
    assert connection.getresponse().status == 200
    connection.close()
    assert model.requests == []


def test_only_loopback_is_listened_on(serve: Serve) -> None:
    assert serve(lambda _: Reply()).url.startswith("http://127.0.0.1:")


def test_short_hands_make_the_usual_replies() -> None:
    assert report({"status": "done"}).tools == (("StructuredOutput", {"status": "done"}),)
    assert use("Bash", command="ls").tools == (("Bash", {"command": "ls"}),)
