"""The screens, in the order of the menu.

Owns: their list and finding one by its address. Must not: render.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.routing import compile_path

from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.look import Look, View
from forge_loop_dashboard.views import (
    attempts,
    board,
    diff,
    events,
    fleet,
    health,
    issue,
    issues,
    now,
    queue,
    requests,
    session,
    settings,
    trends,
)

VIEWS: tuple[View, ...] = (
    now.VIEW,
    board.VIEW,
    issues.VIEW,
    attempts.VIEW,
    queue.VIEW,
    trends.VIEW,
    events.VIEW,
    requests.VIEW,
    settings.VIEW,
    health.VIEW,
    fleet.VIEW,
    issue.VIEW,
    diff.VIEW,
    session.VIEW,
    events.ONE,
)
MENU = tuple(view for view in VIEWS if view.key)
_PATTERNS = [(compile_path(view.path), view) for view in VIEWS]


def find(address: str, desk: Desk) -> tuple[View, Look] | None:
    """The screen at an address of this page, such as `/issues/4?before=9`."""
    parts = urlsplit(address)
    for (pattern, _, convertors), view in _PATTERNS:
        match = pattern.match(parts.path)
        if match is not None:
            path: dict[str, Any] = {name: convertors[name].convert(text) for name, text in match.groupdict().items()}
            return view, Look(desk=desk, path=path, query=dict(parse_qsl(parts.query)))
    return None
