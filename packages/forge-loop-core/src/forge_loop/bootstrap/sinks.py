"""The sinks that the settings name.

Owns: making each of its section, and every problem of theirs at once. Must not: begin one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_loop.config.model import Settings
from forge_loop.errors import ConfigError
from forge_loop.plugins import SinkSetup, load_sink
from forge_loop.ports import EventSink


def configured_sinks(settings: Settings, state_dir: Path, environ: Mapping[str, str]) -> tuple[EventSink, ...]:
    """The sinks that the settings name, none of them begun. Raises MissingDistributionError for one whose satellite is
    not installed, ConfigError with every problem of their sections."""
    made: list[EventSink] = []
    problems: list[str] = []
    for sink in settings.sinks:
        setup = SinkSetup(
            name=sink.name, section=sink.settings, settings=settings, state_dir=state_dir, environ=environ
        )
        try:
            made.append(load_sink(sink.name)(setup))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return tuple(made)
