"""The part of a section that every sink has: routes, quiet hours, the digest, the time zone.

Owns: reading it. Must not: know what else stands in a section.
"""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from forge_loop.extension import KINDS
from forge_loop_integrations.routing import DEFAULT_ROUTES, Class, Policy, Quiet, Route, Send, Severity
from forge_loop_integrations.section import (
    Section,
    listing,
    mapping,
    member,
    seconds,
    texts,
    time_of_day,
    truth,
    zone,
)

UTC = ZoneInfo("UTC")
SENDS = {str(each): each for each in Send}
CLASSES = {str(each): each for each in Class}
SEVERITIES = {each.word: each for each in Severity}
NAMES = tuple(sorted(kind.kind for kind in KINDS))


def take_policy(section: Section, sink: str, *, sends: frozenset[Send] = frozenset(Send)) -> Policy:
    """The policy of a sink. `sends` are those that its receiver can follow."""
    own_zone = section.take("timezone", zone, UTC)
    digest_at = section.take("digest", time_of_day, None)
    routes = tuple(
        route
        for index, written in enumerate(section.take("routes", listing, ()))
        if (route := _route(section, f"routes[{index}]", written, sends)) is not None
    )
    if digest_at is None and any(route.send is Send.DIGEST for route in routes):
        section.problem("digest", 'a route sends to the digest, and its time is not said: digest: "08:00"')
    return Policy(
        sink=sink,
        routes=(*routes, *DEFAULT_ROUTES),
        quiet=_quiet(section, own_zone),
        digest_at=digest_at,
        zone=own_zone,
    )


def kinds(value: Any) -> tuple[str, ...]:
    """Kinds of events, with `*`. Each pattern must mean at least one: a route for nothing is a slip."""
    found = texts(value)
    for pattern in found:
        if not any(fnmatchcase(name, pattern) for name in NAMES):
            near = get_close_matches(pattern, NAMES, n=1, cutoff=0.4)
            meant = f", did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"there is no event {pattern!r}{meant}")
    return found


def classes(value: Any) -> tuple[Class, ...]:
    return tuple(member(CLASSES)(each) for each in (value if isinstance(value, list) else [value]))


def _route(section: Section, key: str, written: Any, sends: frozenset[Send]) -> Route | None:
    before = len(section.problems)
    try:
        inner = Section(f"{section.path}.{key}", mapping(written), section.problems)
    except ValueError as error:
        section.problem(key, str(error))
        return None
    if not inner.has("send"):
        inner.problem("send", f"is missing: one of {', '.join(SENDS)}")
    plain = Route(send=Send.OFF)
    route = Route(
        send=inner.take("send", member({name: each for name, each in SENDS.items() if each in sends}), Send.OFF),
        classes=inner.take("class", classes, ()),
        kinds=inner.take("kinds", kinds, ()),
        severity=inner.take("severity", member(SEVERITIES), Severity.INFO),
        labels=inner.take("labels", texts, ()),
        within=inner.take("within", seconds, plain.within),
        repeat=inner.take("repeat", seconds, plain.repeat),
        resolved=inner.take("resolved", truth, plain.resolved),
    )
    inner.end()
    return route if len(section.problems) == before else None


def _quiet(section: Section, own_zone: ZoneInfo) -> Quiet | None:
    inner = section.inner("quiet")
    if inner is None:
        return None
    for key in ("from", "to"):
        if not inner.has(key):
            inner.problem(key, 'is missing: a time of day like "22:00"')
    start, end = inner.take("from", time_of_day, None), inner.take("to", time_of_day, None)
    pierce = inner.take("pierce", classes, (Class.NEEDS_HUMAN,))
    inner.end()
    if start is None or end is None:
        return None
    if start == end:
        inner.problem("to", "is the same as from: the quiet hours would have no end")
        return None
    return Quiet(start=start, end=end, zone=own_zone, pierce=frozenset(pierce))
