"""From what was written to a value of the right type, or a sentence saying what was expected.

Owns: the types a setting may have, their limits, how a value is written back. Must not: know single settings.
"""

from __future__ import annotations

from enum import StrEnum

from forge_loop.config.keys import Key
from forge_loop.config.model import Sink
from forge_loop.config.nodes import Listing, Node, Place, Scalar, Table, scalar
from forge_loop.config.quantities import duration, duration_text, size, size_text
from forge_loop.config.strict_yaml import plain_of, read

# Beyond this, dates and the agent's own limits overflow; nobody means such a number.
LARGEST_NUMBER = 1_000_000_000

SINKS = tuple[Sink, ...]


class BadValue(Exception):
    """A value that cannot be used. `problems` holds each `place: sentence`."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def value(key: Key, node: Node) -> object:
    """The value `node` stands for. Raises BadValue."""
    if key.kind == tuple[str, ...]:
        return _texts(key, node)
    if key.kind == SINKS:
        return _sinks(key, node)
    if not isinstance(node, Scalar):
        raise BadValue(f"{node.place}: {key.path}: expected {_expected(key)}, got a {_shape(node)}")
    try:
        chosen = _chosen(key, node)
        _limit(key, chosen)
    except ValueError as error:
        raise BadValue(f"{node.place}: {key.path}: {error}") from None
    return chosen


def node_of(key: Key, given: object, place: Place) -> Node:
    """What a variable or a flag says, as a node. Text is read like an unquoted scalar; a list stands one per line."""
    if isinstance(given, list | tuple):
        return Listing(items=tuple(_quoted(str(item), place) for item in given), place=place)
    if isinstance(given, bool | int | float):
        return Scalar(value=given, text=str(given), quoted=False, place=place)
    text = str(given)
    if key.kind == SINKS:
        return read(text, source=place.source)
    if key.kind == tuple[str, ...]:
        if text.startswith("["):
            return read(text, source=place.source)
        return Listing(items=tuple(_quoted(line, place) for line in text.splitlines() if line.strip()), place=place)
    return _quoted(text, place) if key.kind is str else scalar(text, place)


def value_text(key: Key, chosen: object) -> str:
    """A value as a person would write it: `15m`, `2GiB`, `true`, one line."""
    if key.unit == "duration" and isinstance(chosen, float | int):
        return duration_text(float(chosen))
    if key.unit == "size" and isinstance(chosen, int):
        return size_text(chosen)
    if isinstance(chosen, bool):
        return str(chosen).lower()
    if key.kind == SINKS and isinstance(chosen, tuple):
        return "{" + ", ".join(f"{sink.name}: ..." for sink in chosen) + "}"
    if isinstance(chosen, tuple):
        return "[" + ", ".join(str(item) for item in chosen) + "]"
    return str(chosen).removesuffix(".0") if isinstance(chosen, float) else str(chosen)


def nearest(name: str, names: list[str]) -> str:
    """`, did you mean 'x'?`, or nothing."""
    from difflib import get_close_matches  # only for a mistake

    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def _chosen(key: Key, node: Scalar) -> object:
    if node.value is None and not node.quoted:
        raise ValueError(f"nothing is written here; leave the key out{_or_empty(key)}")
    if key.unit in ("duration", "size"):
        return _quantity(key, node.value)
    if key.kind is bool:
        return _exactly(key, node, isinstance(node.value, bool))
    if key.kind is int:
        return _exactly(key, node, isinstance(node.value, int) and not isinstance(node.value, bool))
    if key.kind is float:
        _exactly(key, node, isinstance(node.value, int | float) and not isinstance(node.value, bool))
        return float(node.text)
    return _text(key, node) if key.kind is str else _member(key, node)


def _or_empty(key: Key) -> str:
    return ' or write ""' if key.kind is str and not key.filled else ""


def _quantity(key: Key, written: str | int | float | None) -> float | int:
    if written is None or isinstance(written, bool):
        raise ValueError(f"expected {_expected(key)}, got {str(written).lower()}")
    return duration(written) if key.unit == "duration" else size(written)


def _exactly(key: Key, node: Scalar, right: bool) -> object:
    if not right:
        got = f"the text {node.text!r}" if node.quoted else repr(node.text)
        raise ValueError(f"expected {_expected(key)}, got {got}")
    return node.value


def _member(key: Key, node: Scalar) -> StrEnum:
    names = [str(member) for member in key.kind]
    if node.text not in names:
        raise ValueError(f"expected {_expected(key)}, got {node.text!r}{nearest(node.text, names)}")
    return key.kind(node.text)  # type: ignore[no-any-return]  # a member of the key's own StrEnum


def _text(key: Key, node: Scalar) -> str:
    if isinstance(node.value, bool):
        raise ValueError(f'expected a text, got {node.text}; if it is one, write "{node.text}"')
    return _ruled(key, _clean(node.text, filled=key.filled, several_lines=False))


def _texts(key: Key, node: Node) -> tuple[str, ...]:
    if not isinstance(node, Listing):
        raise BadValue(f"{node.place}: {key.path}: expected {_expected(key)}, got a {_shape(node)}")
    texts, problems = [], []
    for item in node.items:
        try:
            texts.append(_ruled(key, _item(item)))
        except ValueError as error:
            problems.append(f"{item.place}: {key.path}: {error}")
    if problems:
        raise BadValue(*problems)
    return tuple(texts)


def _ruled(key: Key, text: str) -> str:
    if key.rule is not None:
        key.rule(text)
    return text


def _sinks(key: Key, node: Node) -> tuple[Sink, ...]:
    if not isinstance(node, Table):
        raise BadValue(f"{node.place}: {key.path}: expected {_expected(key)}, got a {_shape(node)}")
    wrong = [entry for entry in node.entries if not isinstance(entry.value, Table)]
    if wrong:
        raise BadValue(*(f"{entry.place}: {key.path}.{entry.key}: expected a mapping" for entry in wrong))
    return tuple(Sink(name=entry.key, settings=_mapping(entry.value)) for entry in node.entries)


def _mapping(node: Node) -> dict[str, object]:
    found = plain_of(node)
    assert isinstance(found, dict)
    return found


def _item(item: Node) -> str:
    if not isinstance(item, Scalar) or (not item.quoted and (item.value is None or isinstance(item.value, bool))):
        raise ValueError("every entry must be a text")
    return _clean(item.text, filled=True, several_lines=True)


def _clean(text: str, *, filled: bool, several_lines: bool) -> str:
    if filled and not text.strip():
        raise ValueError("must not be empty")
    allowed = "\n\t" if several_lines else ""
    if any((character < " " or character == "\x7f") and character not in allowed for character in text):
        raise ValueError(f"holds a control character: {text!r}")
    return text


def _limit(key: Key, chosen: object) -> None:
    if not isinstance(chosen, int | float):
        return
    if not key.unit and chosen > LARGEST_NUMBER:
        raise ValueError(f"must be at most {LARGEST_NUMBER}, got {chosen}")
    if key.least is not None and chosen < key.least:
        least = type(chosen)(key.least)
        raise ValueError(f"must be at least {value_text(key, least)}, got {value_text(key, chosen)}")


def _expected(key: Key) -> str:
    if key.unit:
        return {"duration": "a duration like 15m", "size": "a size like 2GiB"}[key.unit]
    if key.kind == tuple[str, ...]:
        return "a list of texts"
    if key.kind == SINKS:
        return "a mapping of sinks"
    plain = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return plain.get(key.kind) or "one of " + ", ".join(key.kind)


def _quoted(text: str, place: Place) -> Scalar:
    return Scalar(value=text, text=text, quoted=True, place=place)


def _shape(node: Node) -> str:
    return {"Scalar": "single value", "Listing": "list", "Table": "mapping"}[type(node).__name__]
