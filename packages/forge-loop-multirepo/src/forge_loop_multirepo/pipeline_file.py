"""The pipeline's file, `.forge-loop/pipeline.yaml` in the operator's checkout.

Owns: its keys, and every problem of it at once with line and column: unknown kinds, keys and needs, cycles, a pipeline
that could merge something unreviewed. Must not: run a node, or read a file of a worker's tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forge_loop import BriefError, ConfigError
from forge_loop.extension import (
    CRITIC,
    Entry,
    Listing,
    Node,
    NodeKind,
    Pipeline,
    PipelineNode,
    Role,
    Scalar,
    Table,
    When,
    duration,
    nearest,
    own_brief,
    pipeline_problems,
    read_yaml,
)

NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
MOST_RETRIES = 5
# A node's sessions live beside those of the roles: it must not have the name of another role.
TAKEN = frozenset(str(role) for role in Role) - {CRITIC}
KEYS: Mapping[NodeKind, tuple[str, ...]] = {
    NodeKind.REVIEW: ("kind", "needs", "when", "required", "timeout", "brief", "model", "max_turns"),
    NodeKind.COMMAND: ("kind", "needs", "when", "required", "timeout", "command", "retries"),
    NodeKind.HUMAN: ("kind", "needs", "when", "timeout"),
}


def load(path: Path) -> Pipeline:
    """The pipeline in a file; briefs are read from beside it. Raises ConfigError with every problem."""
    hint = "forge-loop pipeline check"
    source = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{source}: {error}"], hint=hint) from None
    reading = _Reading(beside=path.parent)
    pipeline = reading.pipeline(read_yaml(text, source=source))
    if reading.problems:
        raise ConfigError(reading.problems, hint=hint)
    return pipeline


@dataclass(slots=True)
class _Reading:
    """Turns nodes of YAML into nodes of a pipeline; what is wrong is kept in `problems`."""

    beside: Path
    problems: list[str] = field(default_factory=list)

    def pipeline(self, document: Node) -> Pipeline:
        nodes: dict[str, PipelineNode] = {}
        places: dict[str, Entry] = {}
        for top in self._entries(document, "the file", ("nodes",)):
            for entry in self._entries(top.value, "nodes", None):
                places[entry.key] = entry
                found = self._node(entry)
                if found is not None:
                    nodes[entry.key] = found
        if not self.problems:
            self._whole(document, nodes, places)
        return Pipeline(nodes=tuple(nodes.values()))

    def _whole(self, document: Node, nodes: Mapping[str, PipelineNode], places: Mapping[str, Entry]) -> None:
        """What only shows when all nodes are known."""
        for name, what in pipeline_problems({name: node.needs for name, node in nodes.items()}).items():
            self._wrong(places[name], what)
        always = [
            node for node in nodes.values() if node.kind is NodeKind.REVIEW and node.required and node.when == When()
        ]
        if not always:
            self.problems.append(
                f"{document.place}: one review must be required and apply to every change (have no `when`): "
                "nothing is merged unreviewed"
            )

    def _node(self, entry: Entry) -> PipelineNode | None:
        before = len(self.problems)
        if not NAME.fullmatch(entry.key) or entry.key in TAKEN:
            self._wrong(entry, f"{entry.key!r} is no name for a node: small letters, digits and -, and no other role's")
        kind = self._kind(entry)
        if kind is None:
            return None
        chosen: dict[str, object] = {}
        for each in self._entries(entry.value, entry.key, KEYS[kind]):
            if each.key != "kind":
                chosen[each.key] = self._reader(each.key)(each)
        if kind is NodeKind.COMMAND and "command" not in chosen:
            self._wrong(entry, f"{entry.key} is a command and says none")
        if len(self.problems) > before:
            return None
        return PipelineNode(name=entry.key, kind=kind, **chosen)  # type: ignore[arg-type]  # read by key

    def _kind(self, entry: Entry) -> NodeKind | None:
        """The node's kind; the rest of its keys depends on it."""
        if not isinstance(entry.value, Table):
            self._wrong(entry, f"{entry.key} must be a mapping of keys to values")
            return None
        kinds = [str(kind) for kind in NodeKind]
        for each in entry.value.entries:
            if each.key == "kind":
                text = each.value.text if isinstance(each.value, Scalar) else ""
                if text in kinds:
                    return NodeKind(text)
                self._wrong(each, f"expected one of {', '.join(kinds)}, got {text!r}{nearest(text, kinds)}")
                return None
        self._wrong(entry, f"{entry.key} has no kind: one of {', '.join(kinds)}")
        return None

    def _reader(self, key: str) -> Callable[[Entry], object]:
        return {
            "needs": self._texts,
            "when": self._when,
            "required": self._flag,
            "timeout": self._duration,
            "brief": self._brief,
            "model": self._text,
            "max_turns": lambda each: self._number(each, least=1, most=10_000),
            "command": self._text,
            "retries": lambda each: self._number(each, least=0, most=MOST_RETRIES),
        }[key]

    def _when(self, entry: Entry) -> When:
        readers: Mapping[str, Callable[[Entry], object]] = {
            "labels": self._texts,
            "paths": self._texts,
            "min_lines": lambda each: self._number(each, least=0, most=10**9),
            "max_lines": lambda each: self._number(each, least=0, most=10**9),
        }
        chosen = {each.key: readers[each.key](each) for each in self._entries(entry.value, "when", tuple(readers))}
        return When(**chosen)  # type: ignore[arg-type]  # read by key

    def _entries(self, node: Node, what: str, known: tuple[str, ...] | None) -> Iterator[Entry]:
        if not isinstance(node, Table):
            self.problems.append(f"{node.place}: {what} must be a mapping of keys to values")
            return
        for entry in node.entries:
            if known is not None and entry.key not in known:
                self._wrong(entry, f"unknown key {entry.key!r} in {what}{nearest(entry.key, list(known))}")
            else:
                yield entry

    def _texts(self, entry: Entry) -> tuple[str, ...]:
        items = entry.value.items if isinstance(entry.value, Listing) else ()
        texts = [item.text for item in items if isinstance(item, Scalar) and item.text.strip()]
        if not texts or len(texts) != len(items):
            self._wrong(entry, f"{entry.key} must be a list of texts")
        return tuple(texts)

    def _text(self, entry: Entry) -> str:
        text = entry.value.text if isinstance(entry.value, Scalar) else ""
        if not text.strip():
            self._wrong(entry, f"{entry.key} must be a text")
        return text

    def _flag(self, entry: Entry) -> bool:
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if not isinstance(value, bool):
            self._wrong(entry, f"{entry.key} must be true or false")
        return bool(value)

    def _number(self, entry: Entry, *, least: int, most: int) -> int:
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._wrong(entry, f"{entry.key} must be a whole number from {least} to {most}")
            return least
        return value

    def _duration(self, entry: Entry) -> float:
        try:
            seconds = duration(entry.value.text if isinstance(entry.value, Scalar) else "")
        except ValueError as error:
            self._wrong(entry, f"{entry.key}: {error}")
            return 1.0
        if seconds <= 0:
            self._wrong(entry, f"{entry.key} must be longer than nothing")
        return seconds

    def _brief(self, entry: Entry) -> str:
        """The text of a template that lies beside the pipeline's file, with the names of the critic's brief."""
        name = entry.value.text if isinstance(entry.value, Scalar) else ""
        path = self.beside / name
        if not name or not path.resolve().is_relative_to(self.beside.resolve()):
            self._wrong(entry, f"brief must be a file below {self.beside.name}/, got {name!r}")
            return ""
        try:
            text = path.read_text(encoding="utf-8")
            self.problems.extend(own_brief(text, f"{self.beside.name}/{name}").problems())
        except (OSError, UnicodeDecodeError, BriefError) as error:
            self._wrong(entry, f"brief {name!r} cannot be read: {error}")
            return ""
        if not text.strip():
            self._wrong(entry, f"brief {name!r} is empty")
        return text

    def _wrong(self, entry: Entry, what: str) -> None:
        self.problems.append(f"{entry.place}: {what}")
