"""Several runner worlds as one fleet: real runners, SQLite and git below one async runner.

Owns: opening a world for each entry. Must not: reach into the async runner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_loop.agents.sandbox import Confinement
from forge_loop.bootstrap import Wired
from forge_loop.config.model import Settings
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from forge_loop.ports import Slots
from forge_loop.runner.errands import Errands, Outcome
from forge_loop_multirepo.fleet_file import Fleet, Repository
from forge_loop_multirepo.records import Records
from forge_loop_multirepo.runner_async import AsyncRunner
from support.fake_agents import Script
from support.runner_world import SETTINGS, ShellCommands, World, approve, approves, commits, open_world, script

LONGEST = 60.0


def good() -> dict[Role, Script]:
    """A worker that commits a file of its own and a critic that approves."""

    def work(order: SessionOrder) -> SessionEnded:
        return commits({f"{order.workspace.name}.txt": "Hello.\n"})(order)

    return {Role.WORKER: script(work), Role.CRITIC: script(approves)}


class AtOnce(Errands):
    """Errands that are run where they are started, so that nothing depends on which thread is faster."""

    def start(
        self,
        key: str,
        act: Callable[[], Outcome],
        *,
        then: Callable[[Outcome], None],
        failed: Callable[[Exception], None],
    ) -> None:
        done: Future[Outcome] = Future()
        try:
            done.set_result(act())
        except Exception as error:  # noqa: BLE001 - as a thread's future would keep it
            done.set_exception(error)
        self._running[key] = done
        self._bring_back(key, done, then, failed)


@dataclass
class FleetWorld:
    """`prepare` sees each world before its loop begins; `broken` names repositories that cannot be opened."""

    root: Path
    fleet: Fleet
    scripts: Callable[[str], Mapping[Role, Script]] = lambda _: good()
    settings: Settings = SETTINGS
    prepare: Callable[[str, World], None] = lambda _name, _world: None
    broken: dict[str, Exception] = field(default_factory=dict)
    reload: Callable[[], Fleet | None] = lambda: None
    told: list[tuple[str, Exception]] = field(default_factory=list)
    worlds: dict[str, World] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.records = Records(self.root / "fleet")
        self.runner = AsyncRunner(
            self.fleet,
            self.records,
            open_loop=self.open,
            reload=lambda: self.reload(),
            tell=lambda name, error: self.told.append((name, error)),
        )

    def project(self, name: str, *titles: str) -> list[int]:
        """Make a repository and approve issues in it, before the fleet runs."""
        (self.root / name).mkdir()
        world = open_world(self.root / name, {}, settings=self.settings)
        numbers = [approve(world, title) for title in titles]
        world.waker.close()
        world.close()
        return numbers

    def open(self, entry: Repository, slots: Slots) -> Wired:
        if entry.name in self.broken:
            raise self.broken[entry.name]
        world = open_world(self.root / entry.name, self.scripts(entry.name), settings=self.settings, slots=slots)
        self.worlds[entry.name] = world
        self.prepare(entry.name, world)
        return Wired(
            runner=world.runner,
            context=world.context,
            commands=ShellCommands,
            confinement=Confinement(sandbox=None, sentence=""),
            database=world.database,
            waker=world.waker,
        )

    def run(self) -> bool:
        """Run until every repository rests; a fleet that never does fails."""
        return on_a_loop_of_its_own(asyncio.wait_for(self.runner.run(until_idle=True), LONGEST))

    def events(self, name: str) -> list[Recorded]:
        world = open_world(self.root / name, {}, settings=self.settings)
        try:
            return world.events()
        finally:
            world.waker.close()
            world.close()


def on_a_loop_of_its_own(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Run it in a thread: another test of this process may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def fleet_of(*names: str, slots: int = 4, root: Path, **terms: object) -> Fleet:
    entries = (Repository(name=name, path=root / name / "project", **terms) for name in names)  # type: ignore[arg-type]
    return Fleet(slots=slots, repositories=tuple(entries))
