"""The fleet file: which repositories share the slots, and on what terms.

Owns: its place, its keys, every problem of it at once with line and column, and changing it by lines, so that comments
stay. Must not: read a repository's own settings, or decide who takes a slot.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forge_loop import ConfigError, OperatorError
from forge_loop.extension import Entry, Node, Scalar, Table, nearest, read_yaml
from forge_loop_multirepo.lanes import LOWEST
from forge_loop_multirepo.windows import Window, window

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
SLOTS = 4
MOST_SLOTS = 64
HEAD = """\
# The repositories that `forge-loop repos run` works on, and how they share its slots.
slots: {slots}
repos:
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """One entry. `weight` is its share among those that have work, `max_slots` its ceiling (None: all of the fleet's),
    `priority` runs from 0 (first) to 4, `line` is where it stands in the file, from 1.
    """

    name: str
    path: Path
    weight: float = 1.0
    max_slots: int | None = None
    priority: int = 2
    windows: tuple[Window, ...] = ()
    enabled: bool = True
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """The whole file, in its order."""

    slots: int = SLOTS
    repositories: tuple[Repository, ...] = ()

    def named(self, name: str) -> Repository:
        """Raises OperatorError for a name that is not in the file."""
        for each in self.repositories:
            if each.name == name:
                return each
        close = nearest(name, [each.name for each in self.repositories])
        raise OperatorError(f"the fleet has no repository {name!r}{close}", hint="forge-loop repos list")


def fleet_path(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/forge-loop/repos.yaml`. Raises OperatorError without a home."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if base.startswith("/"):  # the XDG specification: a relative path is ignored
        return Path(base) / "forge-loop" / "repos.yaml"
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise OperatorError("neither HOME nor XDG_CONFIG_HOME is set", hint="--config FILE")
    return Path(home) / ".config" / "forge-loop" / "repos.yaml"


def load(path: Path) -> Fleet:
    """The fleet in the file; an absent file is an empty fleet. Raises ConfigError with every problem."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        return Fleet()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: {error}"], hint="forge-loop repos list") from None


def parse(text: str, source: str) -> Fleet:
    """The fleet in a text. Raises ConfigError with every problem, each `source:line:column: what`."""
    reading = _Reading()
    fleet = reading.fleet(read_yaml(text, source=source))
    if reading.problems:
        raise ConfigError(reading.problems, hint="forge-loop repos list")
    return fleet


def added(text: str, entry: Repository) -> str:
    """The text with one more repository at its end."""
    lines = (text if text.strip() else HEAD.format(slots=SLOTS)).splitlines()
    words = {
        "path": str(entry.path),
        "weight": f"{entry.weight:g}" if entry.weight != 1 else "",
        "max_slots": entry.max_slots,
        "priority": entry.priority if entry.priority != 2 else "",
        "windows": "[" + ", ".join(f'"{each.text}"' for each in entry.windows) + "]" if entry.windows else "",
    }
    block = [f"  {entry.name}:", *(f"    {key}: {value}" for key, value in words.items() if value not in ("", None))]
    return "\n".join([*lines, *block]) + "\n"


def removed(text: str, fleet: Fleet, name: str) -> str:
    """The text without a repository's block."""
    lines = text.splitlines()
    begin, end = _block(lines, fleet.named(name))
    return "\n".join(lines[:begin] + lines[end:]) + "\n"


def switched(text: str, fleet: Fleet, name: str, *, enabled: bool) -> str:
    """The text with a repository on or off."""
    lines = text.splitlines()
    begin, end = _block(lines, fleet.named(name))
    kept = [line for line in lines[begin + 1 : end] if not re.match(r"\s+enabled\s*:", line)]
    off = [] if enabled else ["    enabled: false"]
    return "\n".join([*lines[: begin + 1], *off, *kept, *lines[end:]]) + "\n"


def write(path: Path, text: str) -> Fleet:
    """Replace the file by a text, in one step. Raises ConfigError, and changes nothing, if that is no fleet."""
    fleet = parse(text, path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
    return fleet


def _block(lines: list[str], entry: Repository) -> tuple[int, int]:
    """From the line that names it to the line after its last key; comments behind it belong to what follows."""
    begin = entry.line - 1
    indent = len(lines[begin]) - len(lines[begin].lstrip())
    end = begin + 1
    for index in range(begin + 1, len(lines)):
        line = lines[index]
        if line.strip() and not line.lstrip().startswith("#"):
            if len(line) - len(line.lstrip()) <= indent:
                break
            end = index + 1
    return begin, end


@dataclass(slots=True)
class _Reading:
    """Turns nodes into a fleet; what is wrong is kept in `problems`."""

    problems: list[str] = field(default_factory=list)

    def fleet(self, node: Node) -> Fleet:
        if isinstance(node, Scalar) and node.value is None:
            return Fleet()
        slots = SLOTS
        repositories: tuple[Repository, ...] = ()
        for entry in self._entries(node, "the file", ("slots", "repos")):
            if entry.key == "slots":
                slots = self._number(entry, least=1, most=MOST_SLOTS) or SLOTS
            elif not (isinstance(entry.value, Scalar) and entry.value.value is None):
                repositories = tuple(self._repositories(entry.value))
        return Fleet(slots=slots, repositories=repositories)

    def _repositories(self, node: Node) -> Iterator[Repository]:
        paths: dict[Path, str] = {}
        for entry in self._entries(node, "repos", None):
            if not NAME.fullmatch(entry.key):
                self._wrong(entry, f"{entry.key!r} is no name: small letters, digits, . _ - and 40 at most")
            found = self._repository(entry)
            if found is None:
                continue
            if found.path in paths:
                self._wrong(entry, f"{entry.key} and {paths[found.path]} are the same directory")
            paths.setdefault(found.path, entry.key)
            yield found

    def _repository(self, entry: Entry) -> Repository | None:
        readers: Mapping[str, Callable[[Entry], object]] = {
            "path": self._path,
            "weight": self._weight,
            "max_slots": lambda each: self._number(each, least=1, most=MOST_SLOTS),
            "priority": lambda each: self._number(each, least=0, most=LOWEST),
            "windows": self._windows,
            "enabled": self._flag,
        }
        chosen: dict[str, object] = {}
        for each in self._entries(entry.value, entry.key, tuple(readers)):
            value = readers[each.key](each)
            if value is not None:
                chosen[each.key] = value
        if "path" not in chosen:
            if not (isinstance(entry.value, Table) and any(each.key == "path" for each in entry.value.entries)):
                self._wrong(entry, f"{entry.key} has no path")
            return None
        return Repository(name=entry.key, line=entry.place.line, **chosen)  # type: ignore[arg-type]  # read by key

    def _entries(self, node: Node, what: str, known: tuple[str, ...] | None) -> Iterator[Entry]:
        if not isinstance(node, Table):
            self.problems.append(f"{node.place}: {what} must be a mapping of keys to values")
            return
        for entry in node.entries:
            if known is not None and entry.key not in known:
                self._wrong(entry, f"unknown key {entry.key!r}{nearest(entry.key, list(known))}")
            else:
                yield entry

    def _path(self, entry: Entry) -> Path | None:
        text = entry.value.text if isinstance(entry.value, Scalar) else ""
        path = Path(text).expanduser() if text.startswith("~/") else Path(text)
        if not path.is_absolute():
            self._wrong(entry, f"path must be absolute, got {text!r}")
            return None
        return path

    def _weight(self, entry: Entry) -> float | None:
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 100:
            self._wrong(entry, "weight must be a number from 0.1 to 100")
            return None
        return float(value)

    def _number(self, entry: Entry, *, least: int, most: int) -> int | None:
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._wrong(entry, f"{entry.key} must be a whole number from {least} to {most}")
            return None
        return value

    def _windows(self, entry: Entry) -> tuple[Window, ...] | None:
        items = getattr(entry.value, "items", None)
        if not isinstance(items, tuple):
            self._wrong(entry, "windows must be a list of texts")
            return None
        found = []
        for item in items:
            try:
                found.append(window(item.text if isinstance(item, Scalar) else ""))
            except ValueError as error:
                self.problems.append(f"{item.place}: windows: {error}")
        return tuple(found)

    def _flag(self, entry: Entry) -> bool | None:
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if not isinstance(value, bool):
            self._wrong(entry, "enabled must be true or false")
            return None
        return value

    def _wrong(self, entry: Entry, what: str) -> None:
        self.problems.append(f"{entry.place}: {what}")
