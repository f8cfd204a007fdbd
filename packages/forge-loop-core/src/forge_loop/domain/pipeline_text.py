"""A pipeline as text and back, so that an attempt can be bound to one whatever becomes of its file.

Owns: that form, in which the same pipeline is always the same text. Must not: be what an operator writes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from forge_loop.domain.pipeline import Node, NodeKind, Pipeline, When


def written(pipeline: Pipeline) -> str:
    """One JSON list of nodes, briefs and all."""
    return json.dumps([asdict(node) for node in pipeline.nodes], sort_keys=True)


def read(text: str) -> Pipeline:
    """The pipeline that `written` gave this text for."""
    return Pipeline(nodes=tuple(_node(each) for each in json.loads(text)))


def _node(plain: dict[str, Any]) -> Node:
    when = plain["when"]
    conditions = When(**{**when, "labels": tuple(when["labels"]), "paths": tuple(when["paths"])})
    return Node(**{**plain, "kind": NodeKind(plain["kind"]), "needs": tuple(plain["needs"]), "when": conditions})
