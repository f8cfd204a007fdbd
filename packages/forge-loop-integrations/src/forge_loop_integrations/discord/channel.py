"""A channel's webhook in Discord.

Owns: creating with `wait` and changing by id, what each answer means, the section `sinks.discord`. Must not: call a
webhook again that is gone: Discord punishes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from forge_loop import ConfigError, EventSink, OperatorError, SinkSetup
from forge_loop_integrations.address import check_url
from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.discord import embeds
from forge_loop_integrations.links import Links, links_of
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.policy import take_policy
from forge_loop_integrations.posting import NoAnswer, Poster, Reply
from forge_loop_integrations.routing import Class
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.section import Section
from forge_loop_integrations.sink import OutboxSink

UNKNOWN_MESSAGE = 10008
PATH = re.compile(r"/api(?:/v\d+)?/webhooks/\d+/[A-Za-z0-9_-]+")
ABOUT = "webhook: one embed per issue, changed in place; a message of its own where a person is needed"


class DiscordChannel:
    def __init__(self, *, url: Secret, environ: Mapping[str, str], links: Links) -> None:
        self._url = url
        self._environ = environ
        self._links = links
        self._poster = Poster(private=True)

    def deliver(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:
        if message.purpose is Purpose.DIGEST:
            return self._send("POST", "?wait=true", embeds.digest(message))[0]
        if message.purpose is Purpose.TEST:
            return self._send("POST", "?wait=true", embeds.call(message, matter))[0]
        remote = _Remote.read(matter.remote)
        if remote is None:
            return self._create(message, matter, keep)
        answer, shape = self._send("PATCH", f"/messages/{remote.id}", embeds.single(message, matter, self._links))
        if isinstance(answer, Gone) and shape.get("code") == UNKNOWN_MESSAGE:
            return self._create(message, matter, keep)
        if not isinstance(answer, Delivered) or not _calls(message) or remote.by == message.id:
            return answer
        return self._send("POST", "?wait=true", embeds.call(message, matter))[0]

    def close(self) -> None:
        """Every message has a connection of its own."""

    def _create(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:
        answer, shape = self._send("POST", "?wait=true", embeds.single(message, matter, self._links))
        if isinstance(answer, Delivered):
            if not str(shape.get("id") or "").isdigit():
                return Refused(reason="Discord did not say what it calls the message")
            keep(_Remote(id=str(shape["id"]), by=message.id).text())
        return answer

    def _send(self, method: str, rest: str, shape: Mapping[str, Any]) -> tuple[Answer, dict[str, Any]]:
        url = self._url.read(self._environ)
        body = json.dumps(shape).encode()
        try:
            reply = self._poster.send(method, url.rstrip("/") + rest, body, {"content-type": "application/json"})
        except NoAnswer as error:
            return Retry(reason=str(error)), {}
        found = reply.json()
        return _answer(reply, found), found


class _Remote:
    """The embed of a matter, and which message made it."""

    def __init__(self, *, id: str, by: str) -> None:
        self.id, self.by = id, by

    @classmethod
    def read(cls, text: str | None) -> _Remote | None:
        return cls(**json.loads(text)) if text is not None else None

    def text(self) -> str:
        return json.dumps({"id": self.id, "by": self.by})


def _calls(message: Message) -> bool:
    return message.of is Class.NEEDS_HUMAN and message.purpose in (Purpose.EVENT, Purpose.REPEAT)


def _answer(reply: Reply, found: Mapping[str, Any]) -> Answer:
    status = reply.status
    if reply.ok:
        return Delivered(status=status)
    said = f"Discord answered {status}" + (f", code {found['code']}" if found.get("code") else "")
    if status == 429:
        asked = found.get("retry_after")
        after = float(asked) if isinstance(asked, int | float) else reply.retry_after
        return Retry(reason=said, status=status, after=after)
    if status >= 500 or status < 400 or status == 408:
        return Retry(reason=said, status=status, after=reply.retry_after)
    if status in (401, 403, 404, 410):
        return Gone(reason=said, status=status)
    return Refused(reason=said, status=status)


def check_webhook(url: str) -> None:
    """Raises OperatorError for what is no URL of a webhook; its text is not repeated."""
    check_url(url)
    parts = urlsplit(url)
    if not PATH.fullmatch(parts.path.rstrip("/")) or parts.query:
        raise OperatorError("expected a webhook's URL, https://discord.com/api/webhooks/ID/TOKEN")


def discord_sink(setup: SinkSetup) -> EventSink:
    """`sinks.discord`. Raises ConfigError with every problem."""
    section = Section(f"sinks.{setup.name}", setup.section, [])
    url = section.secret("url", needed=True)
    policy = take_policy(section, setup.name)
    section.end()
    section.readable("url", [url] if url is not None else [], setup.environ, check_webhook)
    if section.problems or url is None:
        raise ConfigError(section.problems)
    links, environ = links_of(setup.settings), setup.environ
    return OutboxSink(
        policy, setup.state_dir, lambda _box, _wake: DiscordChannel(url=url, environ=environ, links=links), about=ABOUT
    )
