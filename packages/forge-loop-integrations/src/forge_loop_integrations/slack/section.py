"""The section `sinks.slack`.

Owns: reading it and wiring what it asks for. Must not: connect.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Any

from forge_loop import ConfigError, EventSink, OperatorError, SinkSetup
from forge_loop_integrations.address import check_url
from forge_loop_integrations.channels import Channel
from forge_loop_integrations.links import links_of
from forge_loop_integrations.outbox import Outbox
from forge_loop_integrations.policy import take_policy
from forge_loop_integrations.routing import Send
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.section import Section, text, texts
from forge_loop_integrations.sink import OutboxSink, Wake, now
from forge_loop_integrations.slack.bot import BotChannel
from forge_loop_integrations.slack.buttons import Buttons, asking
from forge_loop_integrations.slack.hook import LESSER, HookChannel
from forge_loop_integrations.slack.socket_mode import Clicks
from forge_loop_integrations.slack.web_api import API, WebApi

USER = re.compile(r"[UW][A-Z0-9]{2,}")
BOT = "bot: one message per issue, changed in place, its details in its thread"


@dataclass(frozen=True, kw_only=True, slots=True)
class BotSettings:
    """`app_token` None: no buttons."""

    token: Secret
    channel: str
    base: str
    app_token: Secret | None
    users: tuple[str, ...]


def slack_sink(setup: SinkSetup) -> EventSink:
    """`sinks.slack`. Raises ConfigError with every problem."""
    section = Section(f"sinks.{setup.name}", setup.section, [])
    if section.has("url"):
        return _hook(setup, section)
    return _bot(setup, section)


def users(value: Any) -> tuple[str, ...]:
    found = texts(value)
    for each in found:
        if not USER.fullmatch(each):
            raise ValueError(f"expected ids of Slack users like U012ABCDEF, got {each!r}")
    return found


def api_url(value: Any) -> str:
    try:
        check_url(text(value))
    except OperatorError as error:
        raise ValueError(error.message) from None
    return str(value)


def _hook(setup: SinkSetup, section: Section) -> EventSink:
    url = section.secret("url", needed=True)
    for key in ("token", "channel", "buttons"):
        if section.has(key):
            section.problem(key, f"goes with a bot's token and not with url, an {LESSER}")
            section.take(key, lambda value: value, None)
    policy = take_policy(section, setup.name, sends=frozenset(Send) - {Send.UPDATE})
    section.end()
    section.readable("url", [url] if url is not None else [], setup.environ, check_url)
    if section.problems or url is None:
        raise ConfigError(section.problems)
    links, environ = links_of(setup.settings), setup.environ
    return OutboxSink(
        policy, setup.state_dir, lambda _box, _wake: HookChannel(url=url, environ=environ, links=links), about=LESSER
    )


def _bot(setup: SinkSetup, section: Section) -> EventSink:
    if not section.has("token"):
        section.problem("", f"needs token and channel (a bot), or url (the lesser mode; an {LESSER})")
    token = section.secret("token", needed=False)
    if not section.has("channel") and section.has("token"):
        section.problem("channel", "is missing: the id of the channel, like C012ABCDEF")
    channel = section.take("channel", text, "")
    base = section.take("api_url", api_url, API)
    app_token, allowed = _buttons(section, setup)
    policy = take_policy(section, setup.name)
    section.end()
    section.readable("token", [token] if token is not None else [], setup.environ, str)
    if section.problems or token is None:
        raise ConfigError(section.problems)
    bot = BotSettings(token=token, channel=channel, base=base, app_token=app_token, users=allowed)
    return OutboxSink(
        policy,
        setup.state_dir,
        lambda outbox, wake: _bot_channel(setup, bot, outbox, wake),
        about=f"{BOT}; buttons" if app_token is not None else BOT,
    )


def _buttons(section: Section, setup: SinkSetup) -> tuple[Secret | None, tuple[str, ...]]:
    inner = section.inner("buttons")
    if inner is None:
        return None, ()
    app_token = inner.secret("app_token", needed=True)
    if not inner.has("users"):
        inner.problem("users", "is missing: the ids of the Slack users who may press, like U012ABCDEF")
    allowed = inner.take("users", users, ())
    inner.end()
    inner.readable("app_token", [app_token] if app_token is not None else [], setup.environ, str)
    if importlib.util.find_spec("slack_sdk") is None:
        inner.problem("app_token", "needs slack-sdk: uv pip install 'forge-loop-integrations[slack]'")
    return app_token, allowed


def _bot_channel(setup: SinkSetup, bot: BotSettings, outbox: Outbox, wake: Wake) -> Channel:
    def api() -> WebApi:
        return WebApi(base=bot.base, token=bot.token, environ=setup.environ)

    links = links_of(setup.settings)
    if bot.app_token is None or wake is None:
        return BotChannel(api(), bot.channel, links)
    buttons = Buttons(outbox, users=bot.users, ask=asking(setup.state_dir), now=now)
    clicks = Clicks(
        base=bot.base,
        app_token=bot.app_token,
        environ=setup.environ,
        buttons=buttons,
        api=api(),
        channel=bot.channel,
        pressed=wake,
    )
    clicks.start()
    return BotChannel(api(), bot.channel, links, buttons=buttons.offer, beside=clicks.close)
