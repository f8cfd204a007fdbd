"""What crosses the pipe between the loop and an agent host: one order in, frames out, each one line of JSON.

Owns: the frames and both directions of their encoding. Must not: trust a line; what is unknown or malformed is None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any

from forge_loop.agents.sandbox import ConfinedSession
from forge_loop.agents.sandbox.upstream import Upstream
from forge_loop.domain.session import Role, SessionOrder, SessionOutcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The host has read its order."""

    session: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A sign of life; `kind` and `under_way` as in domain.session.Activity."""

    kind: str
    tool: str | None = None
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    under_way: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limited:
    """The account's rate-limit state; `resets_at` is in unix seconds."""

    status: str
    kind: str | None = None
    resets_at: float | None = None
    utilization: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How the session ended; `resets_at` is in unix seconds and stands only with the outcome `limit`."""

    outcome: SessionOutcome
    detail: str = ""
    report: Mapping[str, Any] | None = None
    resets_at: float | None = None
    turns: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    denials: tuple[str, ...] = ()


Frame = Started | Heard | Limited | Finished

_NUMBER = (int, float, NoneType)
_NAMES: Mapping[str, type[Frame]] = {"started": Started, "activity": Heard, "limit": Limited, "finished": Finished}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "session": (str,),
    "kind": (str, NoneType),
    "tool": (str, NoneType),
    "detail": (str,),
    "tokens_in": (int,),
    "tokens_out": (int,),
    "under_way": (int,),
    "status": (str,),
    "resets_at": _NUMBER,
    "utilization": _NUMBER,
    "outcome": (str,),
    "report": (dict, NoneType),
    "turns": (int,),
    "denials": (list,),
}


def encode(frame: Frame) -> bytes:
    name = next(name for name, kind in _NAMES.items() if isinstance(frame, kind))
    return json.dumps({"frame": name, **asdict(frame)}).encode() + b"\n"


def decode(line: bytes) -> Frame | None:
    """The frame on this line; None for a name this version does not know and for anything malformed."""
    try:
        document = json.loads(line)
        kind = _NAMES[document.pop("frame")]
        values = {field.name: document[field.name] for field in fields(kind) if field.name in document}
        if not all(_fits(name, value) for name, value in values.items()):
            return None
        return _build(kind, values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _fits(name: str, value: object) -> bool:
    return isinstance(value, _TYPES[name]) and not isinstance(value, bool)


def _build(kind: type[Frame], values: dict[str, Any]) -> Frame | None:
    if kind is Finished:
        values["outcome"] = SessionOutcome(values["outcome"])
        values["denials"] = tuple(values.get("denials", ()))
        if not all(isinstance(entry, str) for entry in values["denials"]):
            return None
    if kind is Heard and values["kind"] is None:
        return None
    return kind(**values)


_PATHS = ("workspace", "config_dir", "home", "tmp", "transcript")


def encode_order(order: SessionOrder, confined: ConfinedSession | None = None) -> bytes:
    """The order, and for a session in the sandbox what its host needs for that, as one line of JSON. The line holds
    the model's credential: it goes through a pipe, never into an environment or a file."""
    document = {"order": asdict(order), "confined": asdict(confined) if confined is not None else None}
    return json.dumps(document, default=str).encode() + b"\n"


def decode_order(line: bytes) -> tuple[SessionOrder, ConfinedSession | None]:
    """What is on this line. Raises ValueError, KeyError or TypeError: only the loop writes orders."""
    document = json.loads(line)
    order, confined = document["order"], document["confined"]
    for name in _PATHS:
        order[name] = Path(order[name])
    order["role"] = Role(order["role"])
    return SessionOrder(**order), None if confined is None else _confined(**confined)


def _confined(*, cli: str, socket: str, upstream: Mapping[str, str]) -> ConfinedSession:
    return ConfinedSession(cli=Path(cli), socket=Path(socket), upstream=Upstream(**upstream))
