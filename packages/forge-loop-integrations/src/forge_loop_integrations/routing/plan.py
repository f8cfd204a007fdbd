"""From one event to what becomes of it in one sink.

Owns: the decision. Must not: carry it out (the outbox does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from forge_loop_integrations.routing.classes import Class, Severity
from forge_loop_integrations.routing.hours import Quiet, next_time
from forge_loop_integrations.routing.matters import closes
from forge_loop_integrations.routing.routes import DEFAULT_ROUTES, Route, Send, choose

# One notice in so long about the same sink: a receiver that comes and goes must not fill another.
SINK_NOTICE_SECONDS = 3600.0
MOST_REPEATS = 3


class Hold(StrEnum):
    """What a message waits for: nothing, others of its matter, the end of the quiet hours, the day's digest."""

    NONE = ""
    GROUP = "group"
    QUIET = "quiet"
    DIGEST = "digest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a sink's section says about when to tell what. `sink` is its own name: it is not told of itself."""

    sink: str
    routes: tuple[Route, ...] = DEFAULT_ROUTES
    quiet: Quiet | None = None
    digest_at: time | None = None
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """Where a matter stands in one sink. `opened_by` is the kind that asked for a person, None while nothing does."""

    key: str
    labels: tuple[str, ...] = ()
    opened_by: str | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """An event, as routes see it."""

    kind: str
    of: Class
    severity: Severity
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`send` OFF: no message. `opens`: a person is asked for, told again after `repeat` seconds (0: never).
    `closes`: what was asked for is over; `resolved`: the message says so."""

    send: Send
    reason: str
    hold: Hold = Hold.NONE
    not_before: datetime
    opens: bool = False
    repeat: float = 0.0
    closes: bool = False
    resolved: bool = False


def plan(policy: Policy, subject: Subject, matter: Matter, now: datetime) -> Plan:
    """What becomes of an event. `now` is aware."""
    if matter.key == f"sink:{policy.sink}":
        return Plan(send=Send.OFF, reason="a sink is not told of itself", not_before=now)
    if _just_told(subject, matter, now):
        return Plan(send=Send.OFF, reason="it was told within the hour", not_before=now)
    chosen = choose(policy.routes, subject.kind, subject.of, subject.severity, matter.labels)
    index, route = chosen if chosen is not None else (-1, Route(send=Send.OFF))
    closing = matter.opened_by is not None and closes(subject.kind, matter.opened_by, subject.data)
    reason = f"route {index}: {route.describe()}" if chosen is not None else "no route matches"
    if closing and route.send in (Send.OFF, Send.UPDATE, Send.DIGEST):
        if not _tells_the_end(policy, matter):
            return _placed(policy, subject, route, reason, now, closes=True)
        late = Route(send=Send.NOW)
        return _placed(policy, subject, late, f"it ends {matter.opened_by}; {reason}", now, closes=True)
    return _placed(policy, subject, route, reason, now, closes=closing)


def _tells_the_end(policy: Policy, matter: Matter) -> bool:
    """Whether the route of what is open wants to hear of its end."""
    assert matter.opened_by is not None
    opener = choose(policy.routes, matter.opened_by, Class.NEEDS_HUMAN, Severity.CRITICAL, matter.labels)
    return opener is not None and opener[1].resolved


def _just_told(subject: Subject, matter: Matter, now: datetime) -> bool:
    if subject.kind != "sink.failed" or matter.told_at is None:
        return False
    return now - matter.told_at < timedelta(seconds=SINK_NOTICE_SECONDS)


def _placed(policy: Policy, subject: Subject, route: Route, reason: str, now: datetime, *, closes: bool) -> Plan:
    """The plan of a route, with its time."""
    hold, not_before = _when(policy, subject, route, now)
    opens = subject.of is Class.NEEDS_HUMAN and route.send in (Send.NOW, Send.GROUPED)
    return Plan(
        send=route.send,
        reason=reason,
        hold=hold,
        not_before=not_before,
        opens=opens,
        repeat=route.repeat if opens else 0.0,
        closes=closes,
        resolved=closes and route.send in (Send.NOW, Send.GROUPED),
    )


def _when(policy: Policy, subject: Subject, route: Route, now: datetime) -> tuple[Hold, datetime]:
    if route.send is Send.DIGEST:
        at = policy.digest_at
        assert at is not None, "a digest route without a time is refused with the configuration"
        return Hold.DIGEST, next_time(at, policy.zone, now)
    if route.send in (Send.NOW, Send.GROUPED) and policy.quiet is not None and subject.of not in policy.quiet.pierce:
        until = policy.quiet.until(now)
        if until is not None:
            return Hold.QUIET, until
    if route.send is Send.GROUPED:
        return Hold.GROUP, now + timedelta(seconds=route.within)
    return Hold.NONE, now
