"""The JSON schema of `forge-loop.yaml`, for editors: `forge-loop config schema`.

Owns: how a key reads as JSON schema (draft 2020-12). Must not: validate anything; `load` does, with better sentences.
"""

from __future__ import annotations

from typing import Any

from forge_loop.config.keys import Key, keys
from forge_loop.config.values import SINKS, value_text

_DURATION = r"^([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?$"
_SIZE = r"^[0-9.]+ ?([KMGT]iB|[kMGT]B|B)$"


def schema() -> dict[str, Any]:
    """The schema as plain values, ready for `json.dumps`."""
    root = _table("forge-loop.yaml")
    for key in keys():
        table = root
        if key.section:
            table = root["properties"].setdefault(key.section, _table(""))
        table["properties"][key.name] = _property(key)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root}


def _table(title: str) -> dict[str, Any]:
    named: dict[str, Any] = {"title": title} if title else {}
    return {**named, "type": ["object", "null"], "additionalProperties": False, "properties": {}}


def _property(key: Key) -> dict[str, Any]:
    return {"description": key.help, "default": _default(key), **_kind(key)}


def _default(key: Key) -> Any:
    if key.unit:
        return value_text(key, key.default)
    if key.kind == SINKS:
        return {}
    return list(key.default) if isinstance(key.default, tuple) else key.default


def _kind(key: Key) -> dict[str, Any]:
    if key.unit:
        return {"type": ["string", "number"], "pattern": _DURATION if key.unit == "duration" else _SIZE, "minimum": 0}
    if key.kind == tuple[str, ...]:
        return {"type": "array", "items": {"type": "string", "minLength": 1}}
    if key.kind == SINKS:
        return {"type": "object", "additionalProperties": {"type": "object"}}
    if key.kind is bool:
        return {"type": "boolean"}
    if key.kind in (int, float):
        least = {} if key.least is None else {"minimum": key.least}
        return {"type": "integer" if key.kind is int else "number", **least}
    if key.kind is str:
        return {"type": "string", **({"minLength": 1} if key.filled else {})}
    return {"enum": [str(member) for member in key.kind]}
