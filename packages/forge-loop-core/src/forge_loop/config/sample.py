"""The commented `forge-loop.yaml` that `forge-loop init` writes.

Owns: its layout. What is commented out shows the default, so the file documents itself and changes nothing.
Must not: write a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from forge_loop.config.keys import Key, keys
from forge_loop.config.nodes import Place, scalar
from forge_loop.config.values import SINKS, value_text

_HEAD = """\
# The settings of forge-loop for this project. What is commented out shows the default.
#   forge-loop config check            every problem at once
#   forge-loop config show --origin    what holds, and where it comes from
#   forge-loop config schema           prints the JSON schema
"""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./-]*(?<! )\Z")


def sample(forge: str, values: Mapping[str, object]) -> str:
    """The file for this forge, with `values` (dotted names, typed) written out and everything else commented."""
    given = {"forge": forge, **values}
    unknown = set(given) - {key.path for key in keys()}
    if unknown:
        raise ValueError(f"no such settings: {sorted(unknown)!r}")
    return _HEAD + "".join(line + "\n" for line in _lines(given))


def _lines(given: Mapping[str, object]) -> Iterator[str]:
    top = [key for key in keys() if not key.section]
    yield ""
    yield from _aligned([_line(key, given) for key in top])
    for section, group in groupby((key for key in keys() if key.section), key=lambda key: key.section):
        members = list(group)
        used = any(key.path in given for key in members)
        yield ""
        yield f"{section}:" if used else f"# {section}:"
        # A used section comments its other keys in place; an unused one is commented as a whole.
        yield from _aligned([_line(key, given, indent="  ", whole=not used) for key in members])


def _line(key: Key, given: Mapping[str, object], *, indent: str = "", whole: bool = False) -> tuple[str, str]:
    written = f"{key.name}: {_written(key, given.get(key.path, key.default))}"
    if key.path in given:
        return f"{indent}{written}", key.help
    return (f"# {indent}{written}" if whole else f"{indent}# {written}"), key.help


def _aligned(lines: list[tuple[str, str]]) -> list[str]:
    width = min(max(len(left) for left, _ in lines), 40)
    return [f"{left:<{width}}  # {help_text}" for left, help_text in lines]


def _written(key: Key, chosen: object) -> str:
    if key.kind == SINKS:
        return value_text(key, chosen)
    if isinstance(chosen, list | tuple):
        return "[" + ", ".join(json.dumps(str(item), ensure_ascii=False) for item in chosen) + "]"
    if not isinstance(chosen, str) or key.unit:
        return chosen if isinstance(chosen, str) else value_text(key, chosen)
    is_text = isinstance(scalar(chosen, Place(source="")).value, str)
    return str(chosen) if is_text and _PLAIN.match(chosen) else json.dumps(str(chosen), ensure_ascii=False)
