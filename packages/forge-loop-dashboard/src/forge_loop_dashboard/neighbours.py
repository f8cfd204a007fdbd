"""The other repositories of the operator's fleet: each has a page at a port of its own, in the same process.

Owns: which they are, and handing a request to the page of its port. Must not: run a fleet, or know a screen.

A port is an origin: nothing of one repository's page - a form, a stream, an address - can reach another's by mistake.
Cookies know no ports, so one login opens all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from forge_loop import ForgeLoopError
from forge_loop.extension import STATE_VARIABLE
from forge_loop_dashboard.desk import Desk


def neighbours(desk: Desk) -> dict[str, Desk]:
    """By name, the enabled repositories of the fleet beside this one; one whose project cannot be read is left out."""
    given = desk.given
    if given.environ.get(STATE_VARIABLE):
        return {}  # it would throw all of them into one state directory
    try:
        fleet = desk.fleet()
    except ForgeLoopError:
        return {}
    found: dict[str, Desk] = {}
    for each in fleet.repositories if fleet is not None else ():
        try:
            other = Desk(replace(given, directory=each.path, config_file=None, state_dir=None))
        except ForgeLoopError:
            continue
        if each.enabled and other.project.directory != desk.project.directory:
            found[each.name] = other
    return found


class ByPort:
    """One application for several sockets."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._apps[scope["server"][1]](scope, receive, send)
