"""A package's names, each loaded when it is first asked for (PEP 562): whoever only looks does not pay for what works.

Owns: that loading. Must not: know a package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package. `homes`: name -> module, or `module:name` where it is called otherwise there."""

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, _, called = homes[name].partition(":")
        return getattr(import_module(home), called or name)

    return load
