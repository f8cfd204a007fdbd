"""Satellites: their commands, sinks, pipelines and fleets, found by name in entry-point groups, loaded when asked for.

Owns: the four groups, the lookup, and the errors for a satellite that is missing or not built. Must not: import a
satellite to know its names (stability.py knows them), load more than the one asked for, or hide why one fails to
import: that ImportError is shown as itself.

`forge_loop.commands` entry points are click commands. `forge_loop.event_sinks` entry points are called with a SinkSetup
and return an EventSink. The `forge_loop.pipelines` entry point `file` is called with the path of a pipeline's file, the
`forge_loop.fleets` entry point `status` with an environment and the time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from forge_loop.config.model import Settings
from forge_loop.domain.pipeline import Pipeline
from forge_loop.errors import ConfigError, MissingDistributionError, OperatorError
from forge_loop.ports import EventSink
from forge_loop.stability import EVERYTHING, Distribution, owner_of_command, owner_of_sink

COMMANDS = "forge_loop.commands"
EVENT_SINKS = "forge_loop.event_sinks"
PIPELINES = "forge_loop.pipelines"
FLEETS = "forge_loop.fleets"

Command = click.Command


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkSetup:
    """What a sink is made from: its section `sinks.NAME` as it was written, and whose loop it listens to.

    A factory says every problem of its section as one ConfigError, and opens nothing: that is for `begin`.
    """

    name: str
    section: Mapping[str, Any]
    settings: Settings
    state_dir: Path
    environ: Mapping[str, str]


SinkFactory = Callable[[SinkSetup], EventSink]


def load_command(name: str) -> Command | None:
    """The satellite command `name`, or None if no satellite has one of this name.

    Raises MissingDistributionError if its distribution is not installed, OperatorError if it is installed and has no
    such command, and whatever the satellite's own import raises.
    """
    found = _load(COMMANDS, name, asked=f"forge-loop {name}", owner=owner_of_command(name))
    if found is None or isinstance(found, Command):
        return found
    raise OperatorError(f"`forge-loop {name}` is registered as {found!r}, which is not a click command")


def load_sink(name: str) -> SinkFactory:
    """The factory of the sink `name` of the configuration. Raises as load_command does, ConfigError if unknown."""
    found = _load(EVENT_SINKS, name, asked=f"sinks.{name}", owner=owner_of_sink(name))
    if found is None:
        raise ConfigError([f"sinks.{name}: there is no such sink"])
    if not callable(found):
        raise OperatorError(f"`sinks.{name}` is registered as {found!r}, which cannot be called")
    factory: SinkFactory = found
    return factory


def load_pipeline(path: Path) -> Pipeline:
    """The pipeline in a file. Raises as load_command does, and ConfigError with every problem of the file."""
    found = _load(PIPELINES, "file", asked=str(path), owner=owner_of_command("pipeline"))
    if not callable(found):
        raise OperatorError(f"what reads `{path}` is registered as {found!r}, which cannot be called")
    pipeline = found(path)
    assert isinstance(pipeline, Pipeline)
    return pipeline


def load_fleet() -> Callable[..., object] | None:
    """What reads the operator's fleet; None where nothing that keeps one is installed."""
    found = _load(FLEETS, "status", asked="the fleet", owner=None)
    return found if callable(found) else None


def _load(group: str, name: str, *, asked: str, owner: Distribution | None) -> object | None:
    for entry in metadata.entry_points(group=group, name=name):
        loaded: object = entry.load()
        return loaded
    if owner is not None:
        raise _why_absent(asked, owner)
    return None


def _why_absent(asked: str, owner: Distribution) -> OperatorError:
    try:
        version = metadata.version(owner.name)
    except metadata.PackageNotFoundError:
        return MissingDistributionError(asked, owner.name, hint=install_hint(owner, Path(sys.prefix)))
    return OperatorError(f"`{asked}` is not built yet in {owner.name} {version}")


def install_hint(owner: Distribution, prefix: Path) -> str:
    """The command that installs `owner` into the environment at `prefix`."""
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install '{EVERYTHING}'"
    return f"uv pip install '{EVERYTHING}'   (or: uv pip install {owner.name})"
