"""The narrow door for satellites: what they must drive or reuse of core beyond its public API.

Owns: the list of those names, each loaded when it is first asked for (PEP 562). A name enters together with the
satellite that imports it, and leaves with it; a test holds both. Must not: define anything itself, offer a name that
nothing in this repository uses, or be imported by core: it stands above everything, because a satellite's command is
wired and speaks like one of core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

__all__: list[str] = []

_HOMES: Mapping[str, str] = {}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
