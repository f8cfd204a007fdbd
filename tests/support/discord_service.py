"""Discord's webhooks on loopback: what they keep, check and refuse.

Owns: the documented limits and codes. Must not: know the product's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from support.receivers import Receiver, Reply, Request, as_json, receiving

PATH = "/api/webhooks/123456789012345678/to-ken_x"
EMBED = {"title": 256, "description": 4096}
MENTION = re.compile(r"@everyone|@here|<@[!&]?\d+>")


class DiscordService:
    """`messages` is what the channel shows, by id; `rung` every content that would have rung somebody's phone."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.rung: list[str] = []
        self.faults: list[Reply] = []
        self.receiver: Receiver | None = None
        self._next = 1000

    @property
    def url(self) -> str:
        assert self.receiver is not None
        return self.receiver.url + PATH

    def answer(self, request: Request) -> Reply:
        path, _, query = request.path.partition("?")
        shape = request.json
        self.calls.append((request.method, request.path, shape))
        if self.faults:
            return self.faults.pop(0)
        if not path.startswith(PATH):
            return as_json({"message": "Unknown Webhook", "code": 10015}, 404)
        wrong = wrong_in(shape)
        if wrong:
            return as_json({"message": wrong, "code": 50035}, 400)
        if shape.get("allowed_mentions") != {"parse": []} and MENTION.search(str(shape.get("content") or "")):
            self.rung.append(shape["content"])
        return self._kept(request.method, path.removeprefix(PATH), query, shape)

    def _kept(self, method: str, rest: str, query: str, shape: dict[str, Any]) -> Reply:
        if method == "PATCH":
            known = rest.removeprefix("/messages/")
            if known not in self.messages:
                return as_json({"message": "Unknown Message", "code": 10008}, 404)
            self.messages[known] = {**self.messages[known], **shape}
            return as_json({"id": known})
        if method != "POST" or rest:
            return as_json({"message": "404: Not Found", "code": 0}, 404)
        self._next += 1
        self.messages[str(self._next)] = shape
        return as_json({"id": str(self._next)}) if "wait=true" in query else Reply(status=204)


def units(text: Any) -> int:
    return len(str(text or "").encode("utf-16-le", "surrogatepass")) // 2


def wrong_in(shape: Mapping[str, Any]) -> str:
    """What Discord would refuse of a message, empty if nothing."""
    embeds = shape.get("embeds") or []
    if not shape.get("content") and not embeds:
        return "Cannot send an empty message"
    if units(shape.get("content")) > 2000 or len(embeds) > 10:
        return "content or embeds"
    total = 0
    for embed in embeds:
        parts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
        total += sum(map(units, parts))
        if any(units(embed.get(name)) > most for name, most in EMBED.items()) or units(parts[2]) > 2048:
            return "embed"
    return "embeds together" if total > 6000 else ""


@contextmanager
def discord() -> Iterator[DiscordService]:
    service = DiscordService()
    with receiving(service.answer) as receiver:
        service.receiver = receiver
        yield service
