"""The async runner: one asyncio process that ticks the loops of all repositories.

Owns: starting, ticking, waking and ending each repository's loop, each behind its own fence; sharing the account's
limit; taking a changed fleet file. Must not: rank repositories (`pool`), or do inside a loop what its own tick does.

The ticks themselves run one after the other on the event loop's thread: a tick never waits. Whatever may wait - opening
and ending a loop - runs in threads, as do each loop's own reads and errands.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from forge_loop import ConfigError, ForgeLoopError
from forge_loop.extension import Slots, Until, Wired, account_limit, demand, park
from forge_loop_multirepo import windows
from forge_loop_multirepo.fleet_file import Fleet, Repository
from forge_loop_multirepo.pool import Pool, PooledSlots
from forge_loop_multirepo.records import Records

RETRY_SECONDS = 60.0
WATCH_SECONDS = 1.0

OpenLoop = Callable[[Repository, Slots], Wired]
Tell = Callable[[str, Exception], None]


@dataclass(slots=True)
class _Member:
    """One repository of the running fleet. `leaving` says why it is to end, `problem` why it does not run."""

    entry: Repository
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    loop: Wired | None = None
    leaving: str = ""
    problem: str = ""
    idle: bool = False


class AsyncRunner:
    """Runs a fleet. `open_loop` is called in threads, everything else on the thread of the event loop.

    `reload` returns a new fleet, or None while the file is the same; it may raise ConfigError, once for each bad edit.
    `tell` hears of what goes wrong, by repository ("" for the fleet itself). `now` is in the operator's time zone.
    """

    def __init__(
        self,
        fleet: Fleet,
        records: Records,
        *,
        open_loop: OpenLoop,
        reload: Callable[[], Fleet | None],
        tell: Tell,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fleet = fleet
        self._records = records
        self._open = open_loop
        self._reload = reload
        self._tell = tell
        self._now = now
        self._members: dict[str, _Member] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = Pool(fleet.slots, monotonic=monotonic, call=self._call)
        self._limit = records.limit()
        self._places = records.places()
        self._stopping = ""
        self._problem = ""
        self._changed = asyncio.Event()

    def stop(self, reason: str) -> None:
        """End every loop after its present tick. Safe from a signal handler: every loop has a pipe of its own."""
        self._stopping = reason
        for member in list(self._members.values()):
            if member.loop is not None:
                member.loop.runner.stop(reason)

    async def run(self, *, until_idle: bool = False) -> bool:
        """Tick until stopped, or until every repository rests. Whether every repository could be worked on.

        Cancelling it ends every loop before it returns.
        """
        self._records.begin()
        self._take(self._fleet)
        try:
            while not self._stopping and not (until_idle and self._rests()):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), WATCH_SECONDS)
                self._changed.clear()
                self._look()
        finally:
            served = not any(member.problem for member in self._members.values())
            await self._end_all(self._stopping or "nothing is left to do")
            self._keep()
            self._records.end()
        return served

    def _look(self) -> None:
        """Take a changed file, and write down how everything stands."""
        try:
            fleet = self._reload()
        except ConfigError as error:
            self._problem = str(error)
            self._tell("", error)
        else:
            if fleet is not None:
                self._problem = ""
                self._take(fleet)
        self._keep()

    def _take(self, fleet: Fleet) -> None:
        """Begin what is new in the fleet, end what is gone or switched off, and change the terms of the rest."""
        self._fleet = fleet
        self._pool.admit(fleet, self._records.served())
        wanted = {each.name: each for each in fleet.repositories if each.enabled}
        for name, member in self._members.items():
            if name not in wanted or wanted[name].path != member.entry.path:
                self._dismiss(member, "it was taken out of the fleet")
            else:
                member.entry = wanted[name]
        for name, entry in wanted.items():
            known = self._members.get(name)
            if known is None or known.leaving:
                self._members[name] = begun = _Member(entry)
                task = asyncio.create_task(self._drive(begun), name=name)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _dismiss(self, member: _Member, reason: str) -> None:
        member.leaving = reason
        member.woken.set()

    async def _end_all(self, reason: str) -> None:
        for member in self._members.values():
            self._dismiss(member, reason)
        await asyncio.gather(*self._tasks)

    async def _drive(self, member: _Member) -> None:
        """Keep one repository's loop alive; what it cannot live with is told, and tried again later."""
        while not member.leaving and not self._stopping:
            try:
                await self._live(member)
            except Exception as error:  # noqa: BLE001 - the repository fence: one that fails never stops another
                member.problem = str(error) if isinstance(error, ForgeLoopError) else f"{type(error).__name__}: {error}"
                self._tell(member.entry.name, error)
                self._pool.see(member.entry.name, used=0, wants=0, limit=1, closed=member.problem)
                self._pool.pass_on(member.entry.name)
                self._changed.set()
                await self._sleep(member, RETRY_SECONDS)

    async def _live(self, member: _Member) -> None:
        slots = PooledSlots(self._pool, member.entry.name, lambda: self._shut(member.entry))
        loop = await asyncio.to_thread(self._open, member.entry, slots)
        try:
            started = loop.runner.started()
            await asyncio.to_thread(started.__enter__)
            member.loop, member.problem = loop, ""
            self._places[member.entry.name] = loop.context.layout.root
            try:
                await self._tick_on(member, loop)
            finally:
                member.loop = None
                await asyncio.to_thread(started.__exit__, None, None, None)
        finally:
            loop.close()

    async def _tick_on(self, member: _Member, loop: Wired) -> None:
        running = asyncio.get_running_loop()
        for descriptor in loop.waker.descriptors:
            running.add_reader(descriptor, member.woken.set)
        try:
            if self._limit is not None:
                park(loop.context, self._limit)
            while loop.runner.step(Until()):
                self._after(member, loop)
                await self._sleep(member, loop.runner.nap())
                loop.waker.wait(0)
                if member.leaving or self._stopping:
                    loop.runner.stop(member.leaving or self._stopping)
        finally:
            for descriptor in loop.waker.descriptors:
                running.remove_reader(descriptor)
            self._pool.see(member.entry.name, used=0, wants=0, limit=1, closed="it does not run")
            self._pool.pass_on(member.entry.name)

    def _after(self, member: _Member, loop: Wired) -> None:
        """A tick is over: what the loop has and wants now, and what others must hear of it."""
        wanted, shut = demand(loop.context), self._shut(member.entry)
        closed = shut or "; ".join(reason.text for reason in wanted.closed)
        self._pool.see(member.entry.name, used=wanted.used, wants=wanted.due, limit=wanted.limit, closed=closed)
        self._pool.pass_on(member.entry.name)
        self._share_limit(loop)
        idle = loop.runner.idle() or bool(shut and not wanted.in_hand)
        if idle and not member.idle:
            self._changed.set()
        member.idle = idle

    def _share_limit(self, loop: Wired) -> None:
        """One loop met the account's limit: all of them wait. It is passed on once; who resumes a loop knows why."""
        limit = account_limit(loop.context)
        if limit is None or (self._limit is not None and limit.until <= self._limit.until):
            return
        self._limit = limit
        self._records.keep_limit(limit)
        for member in self._members.values():
            if member.loop is not None and member.loop is not loop:
                park(member.loop.context, limit)
                member.woken.set()

    def _call(self, name: str) -> None:
        member = self._members.get(name)
        if member is not None:
            member.woken.set()

    def _rests(self) -> bool:
        return all(member.idle or member.problem for member in self._members.values())

    def _keep(self) -> None:
        problems = {name: member.problem for name, member in self._members.items()}
        lanes, now = self._pool.lanes, self._pool.now
        self._records.keep(
            lanes,
            slots=self._pool.slots,
            now=now,
            problem=self._problem,
            problems=problems,
            places=self._places,
        )

    @staticmethod
    async def _sleep(member: _Member, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(member.woken.wait(), seconds)
        member.woken.clear()

    def _shut(self, entry: Repository) -> str:
        """Why the fleet lets a repository take nothing now, or nothing."""
        return windows.closed(entry.windows, self._now())
