"""A strict reader for the YAML that people write by hand: the configuration and the frontmatter of Markdown issues.

Owns: which YAML is accepted and where everything stands. Must not: know what a key means.

Accepted is one document of mappings, lists and scalars. An unquoted scalar is `true`, `false`, a null (empty, `~` or
`null`), a decimal number, or text: `yes`, `0755`, `1_000`, `12:30` and `2026-01-31` are text. Refused, with line and
column: duplicate keys, anchors, aliases, tags, directives, a second document, keys that are not scalars, more than
1 MiB, more than 20 levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, Protocol

import yaml

from forge_loop.config.nodes import Entry, Listing, Node, Place, Scalar, Table, scalar
from forge_loop.errors import ConfigError

MOST_CHARACTERS = 1024 * 1024
MOST_LEVELS = 20


def read(text: str, *, source: str) -> Node:
    """The one document in `text`; an empty one is a null Scalar. `source` names it in places.

    Raises ConfigError with every problem found, each `source:line:column: what`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError([f"{source}:1:1: longer than {MOST_CHARACTERS} characters"])
    reader = _Reader(text, source)
    node = reader.document()
    if reader.problems:
        raise ConfigError(reader.problems)
    return node


def plain(text: str, source: str) -> object:
    """The document as dicts, lists and plain values. Raises ConfigError like `read`."""
    return plain_of(read(text, source=source))


def plain_of(node: Node) -> object:
    """A node as plain values: text, numbers, booleans, lists and dicts."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain_of(item) for item in node.items]
    return {entry.key: plain_of(entry.value) for entry in node.entries}


class _StopReading(Exception):
    """The text cannot be read past this point; the problem is recorded."""


class _Mark(Protocol):
    """PyYAML's mark, from either of its scanners; counts from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class _Reader:
    """Builds nodes from PyYAML's events, which resolve nothing. `problems` fills up as it goes."""

    def __init__(self, text: str, source: str) -> None:
        self.problems: list[str] = []
        self._source = source
        self._text = text
        self._last = Place(source=source, line=1, column=1)
        self._events = self._guarded_events()

    def document(self) -> Node:
        nothing = Scalar(value=None, text="", quoted=False, place=self._last)
        try:
            self._next()  # the start of the stream
            start = self._next()
            if not isinstance(start, yaml.DocumentStartEvent):
                return nothing
            if start.version or start.tags:
                self._report("directives are not read")
            node = self._node(self._next(), 1)
            self._next()  # the end of the document
            if not isinstance(self._next(), yaml.StreamEndEvent):
                self._report("a second document; only one is read")
        except _StopReading:
            return nothing
        return node

    def _next(self) -> yaml.Event:
        event = next(self._events)
        self._last = self._place(event.start_mark)
        return event

    def _guarded_events(self) -> Iterator[yaml.Event]:
        loader = None
        try:
            loader = yaml.SafeLoader(self._text)
            while loader.check_event():
                yield loader.get_event()  # type: ignore[no-untyped-call]  # untyped in PyYAML's stubs
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._stop(str(error.problem or error.context or "not YAML"), self._place(mark))
        except yaml.reader.ReaderError as error:
            self._stop(f"the character U+{error.character:04X} is not allowed", self._at(error.position))
        except (ValueError, OverflowError):
            # PyYAML converts escapes and version numbers without a check of their range.
            self._stop("a number or an escape out of range", self._place(loader.get_mark() if loader else None))

    def _stop(self, what: str, place: Place) -> NoReturn:
        self._report(what, place)
        raise _StopReading

    def _node(self, event: yaml.Event, level: int) -> Node:
        place = self._place(event.start_mark)
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._refuse_properties(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if level > MOST_LEVELS:
            self._stop(f"nested deeper than {MOST_LEVELS} levels", place)
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(place, level)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(place, level)
        self._report("aliases are not read; write the value out", place)
        return Scalar(value=None, text="", quoted=False, place=place)

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, place: Place) -> None:
        if event.anchor is not None:
            self._report(f"the anchor &{event.anchor} is not read", place)
        if event.tag is not None:
            self._report(f"the tag {event.tag} is not read", place)

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._report("an escape that is not a character", place)
        if event.style is None:
            return scalar(text, place)
        return Scalar(value=text, text=text, quoted=True, place=place)

    def _listing(self, place: Place, level: int) -> Listing:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, level + 1))
        return Listing(items=tuple(items), place=place)

    def _table(self, place: Place, level: int) -> Table:
        entries: list[Entry] = []
        seen: dict[str, Place] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            name = self._node(event, level + 1)
            value = self._node(self._next(), level + 1)
            if not isinstance(name, Scalar) or not name.text:
                self._report("a key must be a plain, non-empty scalar", name.place)
            elif name.text in seen:
                self._report(f"the key {name.text!r} stands on line {seen[name.text].line} already", name.place)
            else:
                seen[name.text] = name.place
                entries.append(Entry(key=name.text, place=name.place, value=value))
        return Table(entries=tuple(entries), place=place)

    def _report(self, what: str, place: Place | None = None) -> None:
        self.problems.append(f"{place or self._last}: {what}")

    def _place(self, mark: _Mark | None) -> Place:
        return Place(source=self._source, line=mark.line + 1, column=mark.column + 1) if mark else self._last

    def _at(self, position: int) -> Place:
        before = self._text[:position]
        return Place(
            source=self._source, line=before.count("\n") + 1, column=len(before) - (before.rfind("\n") + 1) + 1
        )
