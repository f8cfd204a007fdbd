"""Slack's incoming webhook, the lesser mode: every message stands for itself. It gives no id back, so nothing can be
changed in place, nothing has a thread, and there are no buttons.

Owns: posting to it, and what its words mean. Must not: log its URL: that is the secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.links import Links
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.posting import NoAnswer, Poster, Reply
from forge_loop_integrations.secret import Secret, hide
from forge_loop_integrations.slack import blocks

LESSER = "incoming webhook: each message stands for itself, without changes in place, threads or buttons"
FIELDS = frozenset({"text", "blocks", "unfurl_links", "unfurl_media", "mrkdwn"})


class HookChannel:
    def __init__(self, *, url: Secret, environ: Mapping[str, str], links: Links) -> None:
        self._url = url
        self._environ = environ
        self._links = links
        self._poster = Poster(private=True)

    def deliver(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:  # noqa: ARG002
        full = blocks.digest(message) if message.purpose is Purpose.DIGEST else self._single(message, matter)
        shape = {name: value for name, value in full.items() if name in FIELDS}
        found = self._send(shape)
        if isinstance(found, Refused) and "blocks" in found.reason:
            return self._send(blocks.text_only(shape))
        return found

    def close(self) -> None:
        """Every message has a connection of its own."""

    def _single(self, message: Message, matter: MatterRow) -> dict[str, Any]:
        """One event with its heading; what is more than that, or is told again, as lines."""
        if len(message.entries) == 1 and message.purpose not in (Purpose.REPEAT, Purpose.TEST):
            alone = MatterRow(key=matter.key, title=matter.title, newest=message.entries[0])
            return blocks.parent(message, alone, self._links)
        return blocks.reply(message, matter)

    def _send(self, shape: Mapping[str, object]) -> Answer:
        url = self._url.read(self._environ)
        try:
            reply = self._poster.send("POST", url, json.dumps(shape).encode(), {"content-type": "application/json"})
        except NoAnswer as error:
            return Retry(reason=str(error))
        return _answer(reply, hide(reply.body[:100].decode("utf-8", "replace").strip(), [url]))


def _answer(reply: Reply, said: str) -> Answer:
    status = reply.status
    if reply.ok:
        return Delivered(status=status)
    reason = f"Slack answered {status} {said}".rstrip()
    if status == 429 or status >= 500 or status < 400:
        return Retry(reason=reason, status=status, after=reply.retry_after)
    if status in (401, 403, 404, 410):
        return Gone(reason=reason, status=status)
    return Refused(reason=reason, status=status)
