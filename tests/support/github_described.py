"""Writes `tests/contracts/github_api.json` anew from GitHub's description of its API.

Usage: python -m support.github_described api.github.com.json VERSION   (of the npm package @octokit/openapi)

Owns: finding in the description what the fake serves. Must not: describe anything itself; what the fake serves and the
description does not know ends it.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.fake_github import serving
from support.github_description import FILE, Description, places
from support.github_walk import walk

METHODS = ("get", "post", "put", "patch", "delete")
REFUSED = "#/components/schemas/basic-error"


class Source:
    """The whole description, as the package brings it."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole

    def followed(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self._whole
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    def names(self) -> list[str]:
        return [
            f"{way.upper()} {path}" for path, ways in self._whole["paths"].items() for way in ways if way in METHODS
        ]

    def endpoint(self, name: str, seen: Mapping[int, Iterable[str]]) -> dict[str, Any]:
        """`seen` are the places of the fields that the fake serves, by status: the others are left out."""
        method, path = name.split(" ")
        found = self._whole["paths"][path][method.lower()]
        parameters = [self.followed(entry) for entry in found.get("parameters", ())]
        content = self.followed(found.get("requestBody", {})).get("content", {}).get("application/json", {})
        answers = {}
        for status, places_seen in sorted(seen.items()):
            if str(status) not in found["responses"]:
                raise SystemExit(f"{name} does not answer {status}")
            answer = self.followed(found["responses"][str(status)])
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if schema is None and status >= 400:
                schema = {"$ref": REFUSED}  # described by words alone: then as every other refusal
            answers[str(status)] = {at: self._said(name, schema, at) for at in sorted(places_seen)}
        return {
            "docs": found["externalDocs"]["url"],
            "query": {entry["name"]: _values(entry["schema"]) for entry in parameters if entry["in"] == "query"},
            "body": dict(self._body(content.get("schema", {}))),
            "answers": answers,
        }

    def _body(self, schema: Any, at: str = "") -> Iterator[tuple[str, Any]]:
        for shape in self._shapes(schema):
            for name, part in shape.get("properties", {}).items():
                place = f"{at}.{name}".lstrip(".")
                yield place, self._type_of([part], always=name in shape.get("required", ()))
                for inner in self._shapes(part):
                    yield from self._body(inner.get("items", {}), f"{place}[]")

    def _said(self, name: str, schema: Any, at: str) -> dict[str, Any]:
        shapes, always = self._shapes(schema), True
        for step in re.findall(r"\[\]|[^.\[\]]+", at):
            if step == "[]":
                parts = [shape["items"] for shape in shapes if "items" in shape]
            else:
                holders = [shape for shape in shapes if shape.get("properties") or shape.get("additionalProperties")]
                parts = [part for shape in holders if (part := _property(shape, step)) is not None]
                always = bool(holders) and all(step in shape.get("required", ()) for shape in holders)
            if not parts:
                raise SystemExit(f"{name}: {at!r} is not described")
            last, shapes = parts, [inner for part in parts for inner in self._shapes(part)]
        return self._type_of(last, always=always)

    def _shapes(self, node: Any) -> list[Any]:
        """A schema's alternatives, with what belongs together put together."""
        node = self.followed(node or {})
        found = [inner for key in ("oneOf", "anyOf") for entry in node.get(key, ()) for inner in self._shapes(entry)]
        if "allOf" in node:
            together: dict[str, Any] = {"properties": {}, "required": []}
            for part in (inner for entry in node["allOf"] for inner in self._shapes(entry)):
                together["properties"] |= part.get("properties", {})
                together["required"] += part.get("required", [])
            found.append(together)
        own = {key: node[key] for key in ("properties", "required", "items", "additionalProperties") if key in node}
        if own or not found:
            found.append(node)
        return found

    def _type_of(self, parts: Iterable[Any], *, always: bool) -> dict[str, Any]:
        kinds: set[str] = set()
        values: set[str] | None = set()
        for part in parts:
            for shape in [self.followed(part), *self._shapes(part)]:
                kind = shape.get("type") or ("object" if "properties" in shape else None)
                kinds |= set(kind if isinstance(kind, list) else [kind] if kind else [])
                kinds |= {"null"} if shape.get("nullable") else set()
                if kind == "string":
                    values = values | set(shape["enum"]) if values is not None and "enum" in shape else None
        said: dict[str, Any] = {"type": "|".join(sorted(kinds)), "always": always}
        return said | ({"of": sorted(value for value in values if value)} if values else {})


def _property(shape: Mapping[str, Any], name: str) -> Any:
    more = shape.get("additionalProperties")
    return shape.get("properties", {}).get(name, more if isinstance(more, dict) else None)


def _values(schema: Mapping[str, Any]) -> Any:
    return schema.get("enum") or schema.get("type", "string")


def main(file: str, version: str) -> None:
    source = Source(json.loads(Path(file).read_text()))
    names = Description(dict.fromkeys(source.names()))
    seen: dict[str, dict[int, set[str]]] = {}
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory)) as hub:
        for exchange in walk(hub):
            name = names.endpoint(exchange.method, exchange.path)
            if name is None:
                raise SystemExit(f"{exchange.method} {exchange.path} is not described")
            found = {at for at, _ in places(exchange.data) if at and not at.endswith("[]")}
            seen.setdefault(name, {}).setdefault(exchange.status, set()).update(found)
    said = json.loads(FILE.read_text()) if FILE.exists() else {}
    said["source"] = {
        "package": f"@octokit/openapi {version}",
        "file": Path(file).name,
        "recorded": "nothing: this is GitHub's description of its API, and no answer of the live service",
    }
    said["endpoints"] = {name: source.endpoint(name, seen[name]) for name in sorted(seen)}
    FILE.write_text(_written(said) + "\n")


def _written(value: Any, depth: int = 0) -> str:
    """JSON with a field a line, so that a change of one shows as one."""
    if not isinstance(value, dict) or not value or "type" in value:
        return json.dumps(value)
    inner = (f"{' ' * (depth + 1)}{json.dumps(key)}: {_written(part, depth + 1)}" for key, part in value.items())
    return "{\n" + ",\n".join(inner) + "\n" + " " * depth + "}"


if __name__ == "__main__":
    main(*sys.argv[1:])
