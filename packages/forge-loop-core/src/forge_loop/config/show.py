"""Resolved settings as rows for `forge-loop config show`.

Owns: how a value is shown. Must not: print.
"""

from __future__ import annotations

from typing import NamedTuple

from forge_loop.config.keys import keys, value_of
from forge_loop.config.load import Loaded
from forge_loop.config.values import value_text


class Row(NamedTuple):
    key: str
    value: str
    origin: str


def show(loaded: Loaded) -> tuple[Row, ...]:
    """Every setting with its dotted name, its value as a person would write it, and where it came from."""
    return tuple(
        Row(key.path, value_text(key, value_of(loaded.settings, key.path)), loaded.origins[key.path]) for key in keys()
    )
