"""The keys of the settings, read off the dataclasses: one flat list with dotted names.

Owns: what a key is called in a file, in the environment and as a flag. Must not: hold a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from forge_loop.config.model import Settings

VARIABLE_PREFIX = "FORGE_LOOP_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One setting. `section` is empty for a key at the top. `kind` is its type, `unit` is duration, size or empty.

    `on_github` is the default there where it differs, else None. `rule` raises ValueError for a text, or an entry of a
    list of texts, that cannot be meant.
    """

    section: str
    name: str
    kind: Any
    default: object
    help: str
    unit: str
    least: float | None
    filled: bool
    on_github: object
    rule: Callable[[str], None] | None

    @property
    def path(self) -> str:
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.path.replace(".", "_").upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


def keys() -> tuple[Key, ...]:
    """Every key, in the order of the dataclasses."""
    return tuple(_keys_of(Settings, ""))


def settings_of(values: Mapping[str, object]) -> Settings:
    """Settings with these values by dotted name, and defaults for the rest."""
    return _filled(Settings, "", values)  # type: ignore[no-any-return]  # built from the class given


def value_of(settings: Settings, path: str) -> object:
    """The value of a dotted name."""
    found: object = settings
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _keys_of(kind: type[Any], section: str) -> Iterator[Key]:
    hints = get_type_hints(kind)
    for entry in fields(kind):
        if is_dataclass(hints[entry.name]):
            yield from _keys_of(hints[entry.name], entry.name)
        else:
            yield Key(section=section, name=entry.name, kind=hints[entry.name], default=entry.default, **entry.metadata)


def _filled(kind: type[Any], prefix: str, values: Mapping[str, object]) -> Any:
    hints = get_type_hints(kind)
    chosen: dict[str, object] = {}
    for entry in fields(kind):
        path = prefix + entry.name
        if is_dataclass(hints[entry.name]):
            chosen[entry.name] = _filled(hints[entry.name], f"{path}.", values)
        elif path in values:
            chosen[entry.name] = values[path]
    return kind(**chosen)
