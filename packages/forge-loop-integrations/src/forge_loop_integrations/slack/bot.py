"""Slack with a bot's token: the message of an issue is changed in place, what happened stands in its thread.

Owns: the order of calls, so that a repetition finds what is there. Must not: know how a message looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forge_loop_integrations.channels import Answer, Delivered, Refused
from forge_loop_integrations.links import Links
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.routing import Class
from forge_loop_integrations.slack import blocks
from forge_loop_integrations.slack.blocks import Button
from forge_loop_integrations.slack.web_api import BLOCKS, LOST, Said, WebApi

Keep = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """The message of a matter in Slack. `channel` is the id that Slack gave back: a name like #alerts works for posting
    and not for changing. `by` is the message that posted it."""

    channel: str
    ts: str
    by: str


class BotChannel:
    """`buttons` gives what stands under a matter's message; `beside` is closed with the channel."""

    def __init__(
        self,
        api: WebApi,
        channel: str,
        links: Links,
        *,
        buttons: Callable[[MatterRow], Sequence[Button]] | None = None,
        beside: Callable[[], None] | None = None,
    ) -> None:
        self._api = api
        self._channel = channel
        self._links = links
        self._buttons = buttons
        self._beside = beside

    def deliver(self, message: Message, matter: MatterRow, keep: Keep) -> Answer:
        if message.purpose is Purpose.DIGEST:
            return self._say("chat.postMessage", self._channel, blocks.digest(message)).answer
        if message.purpose is Purpose.TEST:
            return self._say("chat.postMessage", self._channel, blocks.reply(message, matter)).answer
        remote = Remote(**json.loads(matter.remote)) if matter.remote is not None else None
        if remote is None:
            return self._post(message, matter, keep)
        if message.purpose is not Purpose.NOTE:
            said = self._say("chat.update", remote.channel, {**self._parent(message, matter), "ts": remote.ts})
            if said.error in LOST:
                return self._post(message, matter, keep)
            if not isinstance(said.answer, Delivered):
                return said.answer
        if message.purpose is Purpose.UPDATE or remote.by == message.id:
            # The parent says it all: tried again after its answer was lost, the thread needs no second word.
            return Delivered(status=200)
        return self._reply(message, matter, remote)

    def close(self) -> None:
        if self._beside is not None:
            self._beside()

    def _post(self, message: Message, matter: MatterRow, keep: Keep) -> Answer:
        said = self._say("chat.postMessage", self._channel, self._parent(message, matter))
        if not isinstance(said.answer, Delivered):
            return said.answer
        ts, channel = said.shape.get("ts"), said.shape.get("channel")
        if not isinstance(ts, str) or not isinstance(channel, str):
            return Refused(reason="Slack did not say what it calls the message")
        keep(json.dumps(asdict(Remote(channel=channel, ts=ts, by=message.id))))
        return said.answer

    def _reply(self, message: Message, matter: MatterRow, remote: Remote) -> Answer:
        loud = message.of is Class.NEEDS_HUMAN
        shape = {**blocks.reply(message, matter), "thread_ts": remote.ts}
        return self._say(
            "chat.postMessage", remote.channel, {**shape, "reply_broadcast": True} if loud else shape
        ).answer

    def _parent(self, message: Message, matter: MatterRow) -> dict[str, Any]:
        return blocks.parent(message, matter, self._links, self._buttons(matter) if self._buttons is not None else ())

    def _say(self, method: str, channel: str, shape: dict[str, Any]) -> Said:
        said = self._api.call(method, {**shape, "channel": channel})
        if said.error in BLOCKS:
            return self._api.call(method, {**blocks.text_only(shape), "channel": channel})
        return said
