"""The sinks of this distribution by name.

Owns: making those that a configuration names. Must not: know what a section says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from forge_loop import ConfigError, EventSink, Settings, SinkSetup
from forge_loop_integrations.discord import discord_sink
from forge_loop_integrations.sink import OutboxSink
from forge_loop_integrations.slack import slack_sink
from forge_loop_integrations.webhook import webhook_sink

FACTORIES: Mapping[str, Callable[[SinkSetup], EventSink]] = {
    "slack": slack_sink,
    "discord": discord_sink,
    "webhook": webhook_sink,
}


def sinks_of(settings: Settings, state_dir: Path, environ: Mapping[str, str]) -> dict[str, OutboxSink]:
    """The configured sinks of this distribution, none of them begun. Raises ConfigError with every problem."""
    made: dict[str, OutboxSink] = {}
    problems: list[str] = []
    for each in settings.sinks:
        factory = FACTORIES.get(each.name)
        if factory is None:
            continue
        try:
            sink = factory(
                SinkSetup(
                    name=each.name, section=each.settings, settings=settings, state_dir=state_dir, environ=environ
                )
            )
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        assert isinstance(sink, OutboxSink)
        made[each.name] = sink
    if problems:
        raise ConfigError(problems)
    return made
