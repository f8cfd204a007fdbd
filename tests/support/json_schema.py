"""The JSON schemas that are sent to the model: which values they accept, and values drawn from them.

Owns: the few keywords the product's schemas use; an unknown one is an error, so that none is passed over. Must not:
know a schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

_KNOWN = {
    *("type", "enum", "properties", "required", "additionalProperties", "items"),
    *("minimum", "maximum", "pattern", "maxItems", "maxLength"),
}
_TYPES: Mapping[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def accepts(schema: Mapping[str, Any], value: object) -> bool:
    """Whether a value (of JSON, parsed) is valid."""
    if "enum" in schema:
        return value in schema["enum"]
    if not any(_TYPES[name](value) for name in types_of(schema)):
        return False
    if isinstance(value, dict):
        return _accepts_fields(schema, value)
    if isinstance(value, list):
        few = len(value) <= schema.get("maxItems", len(value))
        return few and all(accepts(schema["items"], entry) for entry in value)
    if isinstance(value, str):
        short = len(value) <= schema.get("maxLength", len(value))
        return short and re.search(schema.get("pattern", ""), value) is not None
    return not isinstance(value, int) or schema.get("minimum", value) <= value <= schema.get("maximum", value)


def _accepts_fields(schema: Mapping[str, Any], value: dict[str, Any]) -> bool:
    assert schema["additionalProperties"] is False
    known = schema["properties"]
    complete = set(schema["required"]) <= set(value) <= set(known)
    return complete and all(accepts(known[name], entry) for name, entry in value.items())


def types_of(schema: Mapping[str, Any]) -> list[str]:
    unknown = set(schema) - _KNOWN
    assert not unknown, f"keywords this does not know: {unknown!r}"
    kinds = schema["type"]
    return kinds if isinstance(kinds, list) else [kinds]


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema accepts."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return st.one_of([_of_type(name, schema) for name in types_of(schema)])


def _of_type(name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if name == "object":
        assert set(schema["required"]) == set(schema["properties"])
        return st.fixed_dictionaries({key: values(part) for key, part in schema["properties"].items()})
    if name == "array":
        return st.lists(values(schema["items"]), max_size=4)
    if name == "integer":
        return st.integers(min_value=schema.get("minimum"), max_value=schema.get("maximum"))
    if name == "null":
        return st.none()
    return st.text(max_size=schema.get("maxLength")).filter(
        lambda text: re.search(schema.get("pattern", ""), text) is not None
    )


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a value, the whole included."""
    found = [path]
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found += places(entry, (*path, key))
    return found


@st.composite
def nearly(draw: st.DrawFn, schema: Mapping[str, Any]) -> Any:
    """A valid value with one part replaced, left out or added: mostly invalid, and only just."""
    value = draw(values(schema))
    path = draw(st.sampled_from(places(value)))
    if not path:
        return draw(JSON)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(holder, dict) and draw(st.booleans()):
        if draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[draw(st.text(max_size=5))] = draw(JSON)
    else:
        holder[path[-1]] = draw(JSON | st.just(True) | st.just(0) | st.just("") | st.just(" \n"))
    return value
