"""Slack on loopback: the Web API as it answers, errors with HTTP 200 and all, and Socket Mode.

Owns: what Slack keeps, checks and refuses. Must not: know the product's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from support.receivers import Receiver, Reply, Request, as_json, receiving
from support.web_socket import WebSocketServer

BOT, APP, CHANNEL, NAME = "xoxb-000000000000-test", "xapp-1-A000-test", "C012ABCDEF", "#alerts"
LIMITS = {"header": 150, "section": 3000, "button": 75}
MENTION = re.compile(r"<(?:!(?:channel|here|everyone|subteam)|@[UW]|#C)")


class SlackService:
    """`messages` is what the channel shows, by ts; `calls` every method that was called, with what it was given;
    `rung` every text that would have rung somebody's phone."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.rung: list[str] = []
        self.faults: list[Reply | str] = []
        self.receiver: Receiver | None = None
        self.socket = WebSocketServer()
        self._next = 1

    @property
    def url(self) -> str:
        assert self.receiver is not None
        return f"{self.receiver.url}/api"

    def answer(self, request: Request) -> Reply:
        method = request.path.removeprefix("/api/")
        shape = {} if method == "apps.connections.open" else request.json
        self.calls.append((method, shape))
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Reply):
                return fault
            if fault:
                return as_json({"ok": False, "error": fault})
        token = APP if method == "apps.connections.open" else BOT
        if request.headers.get("authorization") != f"Bearer {token}":
            return as_json({"ok": False, "error": "invalid_auth"})
        return as_json(self._method(method, shape))

    def parents(self) -> list[dict[str, Any]]:
        return [message for message in self.messages.values() if "thread_ts" not in message]

    def replies(self, ts: str) -> list[dict[str, Any]]:
        return [message for message in self.messages.values() if message.get("thread_ts") == ts]

    def _method(self, method: str, shape: dict[str, Any]) -> dict[str, Any]:
        if method == "apps.connections.open":
            return {"ok": True, "url": self.socket.url}
        if shape.get("channel") not in ((CHANNEL, NAME) if method == "chat.postMessage" else (CHANNEL,)):
            return {"ok": False, "error": "channel_not_found"}
        if method == "chat.postEphemeral":
            return {"ok": True, "message_ts": "0"}
        if not shape.get("text") and not shape.get("blocks"):
            return {"ok": False, "error": "no_text"}
        wrong = wrong_in(shape)
        if wrong:
            return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [wrong]}}
        self._listen(shape)
        return self._kept(method, shape)

    def _kept(self, method: str, shape: dict[str, Any]) -> dict[str, Any]:
        if method == "chat.update":
            ts = shape.get("ts")
            if ts not in self.messages:
                return {"ok": False, "error": "message_not_found"}
            self.messages[ts] = {**self.messages[ts], **shape}
            return {"ok": True, "channel": CHANNEL, "ts": ts}
        if method != "chat.postMessage":
            return {"ok": False, "error": "unknown_method"}
        thread = shape.get("thread_ts")
        if thread is not None and thread not in self.messages:
            return {"ok": False, "error": "thread_not_found"}
        ts = f"1700000000.{self._next:06d}"
        self._next += 1
        self.messages[ts] = shape
        return {"ok": True, "channel": CHANNEL, "ts": ts, "message": shape}

    def _listen(self, shape: Mapping[str, Any]) -> None:
        texts = [str(shape.get("text") or "")]
        texts += [each["text"] for each in objects(shape.get("blocks")) if each.get("type") == "mrkdwn"]
        self.rung += [text for text in texts if MENTION.search(text)]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside of blocks."""
    if isinstance(value, list):
        for each in value:
            yield from objects(each)
    elif isinstance(value, dict):
        yield value
        for each in value.values():
            yield from objects(each)


def wrong_in(shape: Mapping[str, Any]) -> str:
    """What Slack would refuse of a message, empty if nothing."""
    blocks = shape.get("blocks") or []
    if len(blocks) > 50 or len(str(shape.get("text") or "")) > 40_000:
        return "too much"
    if sum(len(each.get("text") or "") for each in objects(blocks) if isinstance(each.get("text"), str)) > 11_300:
        return "msg_blocks_too_long"
    for block in blocks:
        text = block.get("text") or {}
        if block["type"] in LIMITS and not 1 <= len(text.get("text") or "") <= LIMITS[block["type"]]:
            return f"{block['type']} has the wrong length"
        if block["type"] == "actions" and not 1 <= len(block["elements"]) <= 25:
            return "actions"
        if block["type"] == "context" and not 1 <= len(block["elements"]) <= 10:
            return "context"
        for element in block.get("elements") or []:
            if element["type"] == "button" and (len(element["text"]["text"]) > 75 or len(element["value"]) > 2000):
                return "button"
            if element["type"] == "button" and len(element["action_id"]) > 255:
                return "action_id"
    return ""


def click(user: str, value: str) -> dict[str, Any]:
    """A click as Slack tells of it."""
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "somebody"},
        "channel": {"id": CHANNEL},
        "actions": [{"type": "button", "action_id": value, "value": value, "block_id": "b"}],
    }


def envelope(number: int, payload: Mapping[str, Any]) -> str:
    shape = {"type": "interactive", "envelope_id": f"e-{number}", "payload": payload, "accepts_response_payload": True}
    return json.dumps(shape)


@contextmanager
def slack() -> Iterator[SlackService]:
    service = SlackService()
    try:
        with receiving(service.answer) as receiver:
            service.receiver = receiver
            yield service
    finally:
        service.socket.close()
