"""The four places a setting can come from, each read into the same form: dotted name -> node.

Owns: which names a layer may use, and the sentence for one that it may not. Must not: decide between layers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from forge_loop.config.keys import VARIABLE_PREFIX, Key
from forge_loop.config.nodes import Entry, Node, Place, Scalar, Table
from forge_loop.config.strict_yaml import MOST_CHARACTERS, read
from forge_loop.config.values import nearest, node_of
from forge_loop.errors import ConfigError

# Variables of the product that are not settings: they place a state directory or mark a session's processes.
RESERVED = frozenset({"FORGE_LOOP_STATE_DIR", "FORGE_LOOP_ID", "FORGE_LOOP_SESSION", "FORGE_LOOP_ATTEMPT"})

Layer = dict[str, Node]


def read_file(path: Path, source: str, keys: Mapping[str, Key], problems: list[str]) -> Layer:
    """The settings of one file. `source` is what the file is called in places."""
    try:
        document = read(_text_of(path, source), source=source)
    except ConfigError as error:
        problems.extend(error.problems)
        return {}
    layer: Layer = {}
    _collect(document, "", keys, layer, problems)
    return layer


def read_environment(environ: Mapping[str, str], keys: Mapping[str, Key], problems: list[str]) -> Layer:
    """The settings of the variables that start with FORGE_LOOP_."""
    variables = {key.variable: key for key in keys.values()}
    layer: Layer = {}
    for name in sorted(environ):
        if not name.startswith(VARIABLE_PREFIX) or name in RESERVED:
            continue
        if name in variables:
            _add(layer, variables[name], environ[name], name, problems)
        else:
            problems.append(f"{name}: no such setting{nearest(name, sorted(variables))}")
    return layer


def read_flags(flags: Mapping[str, object], keys: Mapping[str, Key], problems: list[str]) -> Layer:
    """The settings given on the command line, by dotted name; None means not given."""
    layer: Layer = {}
    for path, given in flags.items():
        if path not in keys:
            problems.append(f"{path}: no such setting{nearest(path, sorted(keys))}")
        elif given is not None:
            _add(layer, keys[path], given, keys[path].flag, problems)
    return layer


def _add(layer: Layer, key: Key, given: object, source: str, problems: list[str]) -> None:
    try:
        layer[key.path] = node_of(key, given, Place(source=source))
    except ConfigError as error:
        problems.extend(error.problems)


def _text_of(path: Path, source: str) -> str:
    try:
        if not path.is_file():
            raise ConfigError([f"{source}: not a regular file"])
        with path.open("rb") as file:
            content = file.read(MOST_CHARACTERS + 1)
        if len(content) > MOST_CHARACTERS:
            raise ConfigError([f"{source}: larger than 1MiB"])
        return content.decode()
    except OSError as error:
        raise ConfigError([f"{source}: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([f"{source}:{line}:1: not UTF-8"]) from None


def _collect(node: Node, section: str, keys: Mapping[str, Key], layer: Layer, problems: list[str]) -> None:
    if isinstance(node, Scalar) and node.value is None:
        return  # an empty file, or a section whose keys are all commented out
    if not isinstance(node, Table):
        problems.append(f"{node.place}: {section or 'the file'} must be a mapping of keys to values")
        return
    sections = {key.section for key in keys.values()} - {""}
    for entry in node.entries:
        path = f"{section}.{entry.key}" if section else entry.key
        if path in keys and entry.key == keys[path].name:
            layer[path] = entry.value
        elif not section and entry.key in sections:
            _collect(entry.value, entry.key, keys, layer, problems)
        else:
            problems.append(f"{entry.place}: {_unknown(entry, section, keys.values())}")


def _unknown(entry: Entry, section: str, keys: Collection[Key]) -> str:
    siblings = {key.name for key in keys if key.section == section}
    if not section:
        siblings |= {key.section for key in keys} - {""}
    where = f" in {section}" if section else ""
    return f"unknown key {entry.key!r}{where}{_elsewhere(entry.key, keys) or nearest(entry.key, sorted(siblings))}"


def _elsewhere(written: str, keys: Collection[Key]) -> str:
    """The section in which a key of this name, or of this dotted name, belongs."""
    found = [key for key in keys if key.path == written] or [key for key in keys if key.name == written]
    return f", did you mean {found[0].name!r} under {found[0].section!r}?" if found and found[0].section else ""
