"""The alert rules and the dashboard as the wheel ships them, and the names in their expressions.

Owns: reading them. Must not: judge them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

_WORD = re.compile(r"\bforge_loop_[a-z0-9_]+")


def text(name: str) -> str:
    return (files("forge_loop_observability.metrics") / name).read_text(encoding="utf-8")


def alerts() -> Mapping[str, str]:
    """Alert -> its expression."""
    (group,) = yaml.safe_load(text("alerts.yaml"))["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def dashboard() -> Any:
    return json.loads(text("grafana.json"))


def queries() -> list[str]:
    """Every expression of the dashboard, its variables replaced as Grafana would."""
    found = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [re.sub(r"\$__(rate_interval|interval|range)", "5m", expr).replace("$instance", ".*") for expr in found]


def names(expression: str) -> set[str]:
    return set(_WORD.findall(expression))
