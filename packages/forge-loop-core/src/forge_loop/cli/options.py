"""Options and argument types that several commands share.

Owns: their names and help. Must not: act on them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.config.quantities import duration

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)


class IssueNumber(click.ParamType):
    """`42` or `#42`."""

    name = "issue"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).removeprefix("#")
        if text.isascii() and text.isdigit() and 0 < int(text) < 2**31:
            return int(text)
        self.fail(f"{value!r} is not an issue number", param, ctx)


class Duration(click.ParamType):
    """`90s`, `15m`, `2h`: seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            seconds = duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)
        if seconds <= 0:
            self.fail(f"{value!r} is not longer than nothing", param, ctx)
        return seconds


ISSUE = IssueNumber()
DURATION = Duration()


def shared(command: Decorated) -> Decorated:
    """The options of every command: where the project and its state are, and how much to tell."""
    place = click.Path(path_type=Path)
    for decorate in (
        _kept("-v", "--verbose", "verbose", is_flag=True, default=None, help="Tell more; a bug with its traceback."),
        _kept("--state-dir", "state_dir", type=place, metavar="DIR", help="Where the loop keeps its state."),
        _kept("--config", "config_file", type=place, metavar="FILE", help="Settings instead of forge-loop.yaml."),
        _kept("-C", "--directory", "directory", type=place, metavar="PATH", help="The project; default: here."),
    ):
        command = decorate(command)
    return command


def as_json(command: Decorated) -> Decorated:
    """`--json` on a command that prints data."""
    return _kept("--json", "json", is_flag=True, default=None, help="Print JSON.")(command)


def _kept(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, expose_value=False, callback=_keep, **settings)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and isinstance(ctx.obj, Invocation) and param.name is not None:
        setattr(ctx.obj, param.name, value)
