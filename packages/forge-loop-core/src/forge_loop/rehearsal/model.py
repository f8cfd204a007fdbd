"""A Messages API server on loopback whose answers come from a script.

Owns: what Claude Code asks (Request), what a script may answer (Reply) and the HTTP between them. Must not: know the
loop, keep state between requests (a retry repeats its step), or listen anywhere but on 127.0.0.1.

Source of the protocol: https://docs.anthropic.com/en/api/messages-streaming, and what Claude Code 2.1.330 sends.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

PING_SECONDS = 0.1
REPORT_TOOL = "StructuredOutput"
REMINDER = "<system-reminder>"  # how Claude Code marks what it adds by itself


class Cut(StrEnum):
    """Where the connection breaks."""

    BEFORE_START = "before_start"
    AFTER_START = "after_start"
    MID_TEXT = "mid_text"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    text: str
    is_error: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One `POST /v1/messages`.

    `prompt` is the text of the first user message, `latest` of the newest one that holds a prompt: they differ once a
    session is resumed. `step` counts the assistant messages so far, `turn` those since `latest`. `tools` are the
    tools offered, `report_fields` the fields of the report asked for: together they tell the roles apart. `headers`
    have lower-case names.
    """

    session: str
    model: str
    system: str
    prompt: str
    latest: str
    step: int
    turn: int
    results: tuple[ToolResult, ...]
    tools: frozenset[str]
    report_fields: frozenset[str]
    stream: bool
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the model says, or how the server fails.

    A `status` other than 200 is an HTTP error with `error` = (type, message). Before the first content the stream only
    pings: for `wait` seconds, or until `until` is set if that comes first; with `wait` 0 and `until` given, until it
    is set. With `endless` the content comes again and again until the client goes.
    """

    text: str = ""
    tools: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    stop_reason: str = ""
    status: int = 200
    error: tuple[str, str] = ("api_error", "scripted")
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    until: threading.Event | None = None
    cut: Cut | None = None
    endless: bool = False


Answer = Callable[[Request], Reply]


def report(fields: Mapping[str, Any]) -> Reply:
    """The model hands in its typed report; the session ends there."""
    return Reply(tools=((REPORT_TOOL, fields),))


def use(tool: str, **fields: Any) -> Reply:
    """The model calls one tool."""
    return Reply(tools=((tool, fields),))


class ScriptedModel:
    """The server. It answers from construction until `close`; `requests` is what it was asked, in order.

    `answer` is called on the server's threads, several at once. What it raises is answered as an HTTP 400 and kept in
    `failures`.
    """

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Request] = []
        self.failures: list[Exception] = []
        self.closing = threading.Event()
        self._answer = answer
        self._ids = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def reply_to(self, request: Request) -> Reply:
        self.requests.append(request)
        try:
            return self._answer(request)
        except Exception as problem:  # noqa: BLE001 - a fault of the script must reach the session as an answer
            self.failures.append(problem)
            return Reply(status=400, error=("invalid_request_error", f"the script failed: {problem!r}"))

    def next_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids):06d}"

    def close(self) -> None:
        """Stop answering; replies that stall are dropped. Closing twice is fine."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> ScriptedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    model: ScriptedModel

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is how stalls and cuts end; nothing to say."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._head(200, "text/plain", {})

    def do_GET(self) -> None:
        self._problem(404, ("not_found_error", "only POST /v1/messages is answered"), {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path.partition("?")[0] != "/v1/messages":
            self.do_GET()
            return
        request = read_request(raw, {name.lower(): value for name, value in self.headers.items()})
        reply = self.server.model.reply_to(request)
        if reply.cut is Cut.BEFORE_START or (reply.cut is not None and not request.stream):
            # Claude Code asks for the whole message at once where its stream was cut.
            self._drop()
        elif reply.status != 200:
            self._problem(reply.status, reply.error, reply.headers)
        elif request.stream:
            self._stream(request, reply)
        else:
            self._whole(request, reply)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the server is not the thing under observation."""

    def _head(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": content_type, "connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _problem(self, status: int, error: tuple[str, str], headers: Mapping[str, str]) -> None:
        self._head(status, "application/json", headers)
        kind, message = error
        self.wfile.write(json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode())

    def _whole(self, request: Request, reply: Reply) -> None:
        self._head(200, "application/json", reply.headers)
        self.wfile.write(json.dumps(message(self.server.model, request, reply)).encode())

    def _stream(self, request: Request, reply: Reply) -> None:
        self._head(200, "text/event-stream", reply.headers)
        for event in events(message(self.server.model, request, reply)):
            self._send(event)
            if event["type"] == "message_start":
                if reply.cut is Cut.AFTER_START:
                    return self._drop()
                self._stall(reply)
            elif event["type"] == "content_block_delta" and reply.cut is Cut.MID_TEXT:
                return self._drop()
            while event["type"] == "content_block_delta" and reply.endless:
                self._rest()
                self._send(event)
        return None

    def _send(self, event: Mapping[str, Any]) -> None:
        self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _stall(self, reply: Reply) -> None:
        if reply.until is None and not reply.wait:
            return
        end = time.monotonic() + reply.wait if reply.wait else float("inf")
        while time.monotonic() < end and not (reply.until is not None and reply.until.is_set()):
            self._send({"type": "ping"})
            self._rest()

    def _rest(self) -> None:
        if self.server.model.closing.wait(PING_SECONDS):
            raise ConnectionAbortedError("the server is closing")

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def read_request(raw: bytes, headers: Mapping[str, str]) -> Request:
    body = json.loads(raw)
    messages = body.get("messages", [])
    roles = [entry["role"] for entry in messages]
    prompts = [place for place, entry in enumerate(messages) if holds_prompt(entry)]
    newest = prompts[-1] if prompts else 0
    tools = body.get("tools", [])
    return Request(
        session=headers.get("x-claude-code-session-id", ""),
        model=body.get("model", ""),
        system=_text(body.get("system", "")),
        prompt=_text(messages[prompts[0]]["content"]) if prompts else "",
        latest=_text(messages[newest]["content"]) if prompts else "",
        step=roles.count("assistant"),
        turn=roles[newest:].count("assistant"),
        results=tuple(result for entry in messages for result in _results(entry["content"])),
        tools=frozenset(tool["name"] for tool in tools),
        report_fields=frozenset(_properties(tools)),
        stream=bool(body.get("stream", False)),
        headers=headers,
        body=body,
    )


def holds_prompt(entry: Mapping[str, Any]) -> bool:
    """Whether a message of the request is a prompt: a resumed session's stands beside the last tool's result."""
    if entry["role"] != "user" or isinstance(entry["content"], str):
        return bool(entry["role"] == "user")
    texts = [block["text"] for block in entry["content"] if block.get("type") == "text"]
    return any(not text.startswith(REMINDER) for text in texts)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block.get("type") == "text")


def _results(content: Any) -> list[ToolResult]:
    if isinstance(content, str):
        return []
    return [
        ToolResult(text=_text(block.get("content", "")), is_error=bool(block.get("is_error", False)))
        for block in content
        if block.get("type") == "tool_result"
    ]


def _properties(tools: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for tool in tools:
        if tool["name"] == REPORT_TOOL:
            yield from tool.get("input_schema", {}).get("properties", {})


def message(model: ScriptedModel, request: Request, reply: Reply) -> dict[str, Any]:
    """The whole message, as a request without `stream` gets it."""
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    content += [
        {"type": "tool_use", "id": model.next_id("toolu"), "name": name, "input": dict(fields)}
        for name, fields in reply.tools
    ]
    return {
        "id": model.next_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": content,
        "stop_reason": reply.stop_reason or ("tool_use" if reply.tools else "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 3},
    }


def events(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same message as the server-sent events it arrives in."""
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
    for index, block in enumerate(whole["content"]):
        empty, delta = _block(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": whole["usage"]}
    yield {"type": "message_stop"}


def _block(block: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    return {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
