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


def issue_number(text: str) -> int:
    """`42` or `#42`."""
    number = text.removeprefix("#")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**31):
        raise click.BadParameter(f"{text!r} is not an issue number")
    return int(number)


ROW = click.IntRange(1, 2**63 - 1)  # what SQLite can number a row with


def seconds(text: str) -> float:
    """`90s`, `15m`, `2h`."""
    try:
        found = duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if found <= 0:
        raise click.BadParameter(f"{text!r} is no time at all")
    return found


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
