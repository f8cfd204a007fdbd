"""The stream of a page: one connection, over which everything of it that changed comes.

Owns: what is sent when, and that a page rendered for one is sent to all who look at the same. Must not: send anything a
button could be made of: text and links only. What can be asked changes by a named event, after which the page asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi.sse import format_sse_event
from markupsafe import Markup

from forge_loop import ForgeLoopError
from forge_loop_dashboard.look import Look, View
from forge_loop_dashboard.pulse import Pulse
from forge_loop_dashboard.screen import Parts, Screens

MOST_STREAMS = 64
HEARTBEAT_SECONDS = 10.0
FOLLOW_SECONDS = 1.0
LEAST_SECONDS = 0.3
MOST_SECONDS = 10.0
SHARE = 12.0
"""A page that takes long to render is rendered less often: at most one part in SHARE of a core goes into it."""

PARTIAL = Markup('<hx-partial hx-target="#{}" hx-swap="innerMorph">{}</hx-partial>')


@dataclass(slots=True)
class Shared:
    """A page's parts as they were rendered last, for all who look at it."""

    count: int = -1
    followed: object = None
    parts: Parts | None = None
    trouble: Markup | None = None  # why there never were any
    due: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Streams:
    def __init__(self, screens: Screens, pulse: Pulse) -> None:
        self._screens = screens
        self._pulse = pulse
        self._shared: dict[str, Shared] = {}

    @property
    def full(self) -> bool:
        return self._pulse.followers >= MOST_STREAMS

    async def follow(self, address: str, view: View, look: Look, seen: str) -> AsyncIterator[bytes]:
        """What changes on a page, until it is left. `seen` is the digest of what its reader has."""
        shared = self._shared.setdefault(address, Shared())
        shared.users += 1
        self._pulse.follow()
        had: Parts | None = None
        told: Markup | None = None
        spoke = time.monotonic()
        try:
            while not self._pulse.closing:
                parts = await self._parts(shared, view, look)
                if parts is None and shared.trouble != told:
                    told, seen = shared.trouble, ""  # all of the page is sent once it can be read
                    yield format_sse_event(data_str=PARTIAL.format("loop", told))
                if parts is not None and parts is not had and parts.digest != seen:
                    for event in self._events(had, parts):
                        yield event
                    spoke = time.monotonic()
                if parts is not None:
                    had, seen = parts, parts.digest
                if time.monotonic() - spoke > HEARTBEAT_SECONDS:
                    yield format_sse_event(comment="still here")
                    spoke = time.monotonic()
                await self._pulse.beat(max(FOLLOW_SECONDS, shared.due - time.monotonic()))
        finally:
            self._pulse.leave()
            shared.users -= 1
            if not shared.users:
                self._shared.pop(address, None)

    def _events(self, had: Parts | None, parts: Parts) -> list[bytes]:
        said = Markup("").join(
            PARTIAL.format(name, getattr(parts, name))
            for name in ("loop", "asked", "live")
            if had is None or getattr(had, name) != getattr(parts, name)
        )
        number = str(self._pulse.newest)
        events = [format_sse_event(data_str=said, id=number)] if said else []
        if had is None or had.controls != parts.controls:
            events.append(format_sse_event(data_str="changed", event="controls", id=number))
        return events

    async def _parts(self, shared: Shared, view: View, look: Look) -> Parts | None:
        """The parts as they are now, rendered by whoever comes first; None while they cannot be read."""
        async with shared.lock:
            now = time.monotonic()
            if now < shared.due and shared.parts is not None:
                return shared.parts
            count = self._pulse.count
            followed = await asyncio.to_thread(self._followed, view, look)
            if shared.parts is not None and count == shared.count and followed == shared.followed:
                return shared.parts
            took = 0.0
            try:
                shared.parts, took = await asyncio.to_thread(self._rendered, view, look)
            except ForgeLoopError as error:
                if shared.parts is not None:
                    shared.parts = self._screens.troubled(shared.parts, error)
                else:
                    shared.trouble = self._screens.trouble(error)
                return shared.parts
            finally:
                shared.due = time.monotonic() + min(MOST_SECONDS, max(LEAST_SECONDS, took * SHARE))
            shared.count, shared.followed = count, followed
            return shared.parts

    def _rendered(self, view: View, look: Look) -> tuple[Parts, float]:
        """The parts and the CPU that they took: on a busy machine the time on the wall says nothing about it."""
        began = time.thread_time()
        parts = self._screens.parts(view, look)
        return parts, time.thread_time() - began

    def _followed(self, view: View, look: Look) -> object:
        try:
            return view.follows(look)
        except ForgeLoopError:
            return None
