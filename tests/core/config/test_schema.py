"""The JSON schema follows the model."""

from __future__ import annotations

import json
import re
from typing import Any

from forge_loop.config.keys import keys
from forge_loop.config.model import MergeMode
from forge_loop.config.schema import schema


def found(path: str) -> dict[str, Any]:
    node = schema()
    for name in path.split("."):
        node = node["properties"][name]
    return node


def test_every_key_is_described_and_nothing_else_is_allowed() -> None:
    for key in keys():
        assert found(key.path)["description"] == key.help
    assert schema()["additionalProperties"] is False
    assert found("worker")["additionalProperties"] is False
    described = sum(len(entry.get("properties", {"": ""})) for entry in schema()["properties"].values())
    assert described == len(keys())


def test_types_limits_and_members_are_those_of_the_model() -> None:
    assert found("merge.mode")["enum"] == [str(mode) for mode in MergeMode]
    assert found("po.enabled")["type"] == "boolean"
    assert (found("retry.attempts")["type"], found("retry.attempts")["minimum"]) == ("integer", 1)
    assert found("labels.ready")["minLength"] == 1
    assert found("checks")["items"]["type"] == "string"


def test_a_default_fits_its_own_pattern_and_the_schema_is_json() -> None:
    for key in keys():
        if key.unit:
            assert re.search(found(key.path)["pattern"], found(key.path)["default"])
    assert json.loads(json.dumps(schema())) == schema()
