"""Routes: an ordered list, and the first that matches decides.

Owns: matching, the default routes. Must not: know where a message goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from forge_loop_integrations.routing.classes import Class, Severity

GROUPED_SECONDS = 30.0
REPEAT_SECONDS = 4 * 3600.0


class Send(StrEnum):
    """`now` at once; `grouped` after a little while, with what else happens to the same issue; `digest` once a day;
    `update` only changes the message of its issue that is there already; `off` not at all."""

    NOW = "now"
    GROUPED = "grouped"
    DIGEST = "digest"
    UPDATE = "update"
    OFF = "off"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Everything that is given must hold. `within` is how long a group waits, `repeat` after how long an unresolved
    matter is told again (0: never), in seconds; `resolved` says whether its end is told."""

    send: Send
    classes: tuple[Class, ...] = ()
    kinds: tuple[str, ...] = ()
    severity: Severity = Severity.INFO
    labels: tuple[str, ...] = ()
    within: float = GROUPED_SECONDS
    repeat: float = REPEAT_SECONDS
    resolved: bool = True

    def describe(self) -> str:
        """The route as one line."""
        conditions = [
            *(f"class {each}" for each in self.classes),
            *self.kinds,
            *([f"severity {self.severity.word}"] if self.severity else []),
            *(f"label {each}" for each in self.labels),
        ]
        return f"{', '.join(conditions) or 'everything'}: {self.send}"


DEFAULT_ROUTES = (
    Route(classes=(Class.NEEDS_HUMAN,), send=Send.NOW),
    Route(classes=(Class.OUTCOME,), send=Send.GROUPED),
    Route(send=Send.OFF),
)


def matches(route: Route, kind: str, of: Class, severity: Severity, labels: Sequence[str]) -> bool:
    return (
        (not route.classes or of in route.classes)
        and (not route.kinds or any(fnmatchcase(kind, pattern) for pattern in route.kinds))
        and severity >= route.severity
        and (not route.labels or any(fnmatchcase(label, pattern) for label in labels for pattern in route.labels))
    )


def silent(routes: Sequence[Route], kind: str, of: Class, severity: Severity) -> bool:
    """Whether nothing is sent of such an event whatever labels its issue has: most events, so it is asked first."""
    for route in routes:
        if matches(replace(route, labels=()), kind, of, severity, ()):
            if route.send is not Send.OFF:
                return False
            if not route.labels:
                return True
    return True


def choose(
    routes: Sequence[Route], kind: str, of: Class, severity: Severity, labels: Sequence[str]
) -> tuple[int, Route] | None:
    """The first route that matches, and its place; None if none does: nothing is sent."""
    for index, route in enumerate(routes):
        if matches(route, kind, of, severity, labels):
            return index, route
    return None
