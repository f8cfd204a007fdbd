"""What can be amiss in a state directory while no loop runs, and how each is mended.

Owns: finding it, and mends that lose nothing. Must not: mend what a running loop has in its hands, or follow a link.
A running loop keeps all of this itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forge_loop import status
from forge_loop.agents.environment import LOOP_MARKER
from forge_loop.agents.ladder import END_SECONDS
from forge_loop.agents.processes import Process, ancestors, descendants, end_all, marked
from forge_loop.config.layout import StateLayout
from forge_loop.database import Database
from forge_loop.database.reserve import Reserve
from forge_loop.errors import ForgeLoopError
from forge_loop.git.removal import remove_tree
from forge_loop.git.salvage import salvage
from forge_loop.runner.event_file import EventFile, look
from forge_loop.runner.lock import LoopLock, left_behind
from forge_loop.store import Store, open_store

FILE_MODE, DIRECTORY_MODE = 0o600, 0o700


@dataclass(frozen=True, kw_only=True, slots=True)
class Amiss:
    """One thing that is not as it should be. `mend` puts it right and says what it did."""

    text: str
    mend: Callable[[], str]


def amiss(name: str, layout: StateLayout) -> list[Amiss]:
    """What the check `name` finds amiss; nothing where no loop has been yet, or while one runs."""
    if not layout.database.exists() or _loop_runs(layout):
        return []
    return list(UPKEEP[name](layout))


def mend(layout: StateLayout, names: Iterable[str]) -> dict[str, list[str]]:
    """Mend all that these checks find, under the loop's lock. What was done, by check. Raises LoopRunningError."""
    found = {name: amiss(name, layout) for name in names if name in UPKEEP}
    if not any(found.values()):
        return {}
    with LoopLock(layout.lock):
        return {name: [_tried(one) for one in each] for name, each in found.items() if each}


def _tried(one: Amiss) -> str:
    try:
        return one.mend()
    except (ForgeLoopError, OSError) as error:
        return f"could not be mended: {one.text}: {error}"


def _loop_runs(layout: StateLayout) -> bool:
    with status.open_store_read_only(layout.root) as opened:
        return opened is not None and status.is_running(opened[0].loop())


def _private(layout: StateLayout) -> Iterator[Amiss]:
    """Nothing in the state directory is for other users."""
    for path in (layout.root, *sorted(layout.root.iterdir())):
        facts = path.lstat()
        wanted = DIRECTORY_MODE if stat.S_ISDIR(facts.st_mode) else FILE_MODE
        if not stat.S_ISLNK(facts.st_mode) and stat.S_IMODE(facts.st_mode) & 0o077 and facts.st_uid == os.geteuid():
            yield Amiss(text=f"{path} is open to other users", mend=partial(_close_to_others, path, wanted))


def _close_to_others(path: Path, mode: int) -> str:
    path.chmod(mode)
    return f"closed {path} to other users"


def _reserve(layout: StateLayout) -> Iterator[Amiss]:
    """Space is kept back, so that work can be finished on a full disk."""
    path = layout.database.with_name(f"{layout.database.name}-reserve")
    if not path.exists():
        yield Amiss(text="no space is set aside for a full disk", mend=partial(_set_aside, path))


def _set_aside(path: Path) -> str:
    filled = Reserve(path).fill()
    return "set 2 MiB aside for a full disk" if filled else "nothing was set aside: the disk has little left"


def _events(layout: StateLayout) -> Iterator[Amiss]:
    """`events.jsonl` is whole, and holds every event that the database has."""
    with status.open_store_read_only(layout.root) as opened:
        newest = opened[0].events.newest() if opened is not None else 0
    seq, torn = look(layout.events) if layout.events.exists() else (0, 0)
    if torn or seq != newest:
        said = f"events.jsonl ends at event {seq} of {newest}" + (f" and {torn} torn bytes" if torn else "")
        yield Amiss(text=said, mend=partial(_complete, layout))


def _complete(layout: StateLayout) -> str:
    with _opened(layout) as store:
        file = EventFile(layout.events, newest=store.events.newest())
        try:
            while events := store.events.after(file.written):
                file.append("".join(event.line() + "\n" for event in events), last=events[-1].seq)
            return f"completed events.jsonl up to event {file.written}"
        finally:
            file.close()


@contextmanager
def _opened(layout: StateLayout) -> Iterator[Store]:
    database = Database(layout.database)
    try:
        yield open_store(database)
    finally:
        database.close()


def _lock(layout: StateLayout) -> Iterator[Amiss]:
    """A lock that nobody holds names nobody."""
    written = left_behind(layout.lock)
    if written:
        yield Amiss(text=f"loop.lock still names a loop that is gone: {written}", mend=lambda: "cleared loop.lock")


def _leftovers(layout: StateLayout) -> Iterator[Amiss]:
    """No process and no workspace outlives its work."""
    with status.open_store_read_only(layout.root) as opened:
        if opened is None:
            return
        store = opened[0]
        marker = f"{LOOP_MARKER}={store.loop().loop_id}"
        workspaces = list(_of_ended_jobs(store, layout))
    strays = _strays(marker)
    if strays:
        text = f"{len(strays)} processes of sessions that are gone still run"
        yield Amiss(text=text, mend=lambda: f"ended {end_all(lambda: _strays(marker), within=END_SECONDS)} processes")
    for path in workspaces:
        yield Amiss(text=f"{path} belongs to a job that has ended", mend=partial(_clear, path, layout.salvaged))


def _strays(marker: str) -> list[Process]:
    own = os.getpid()
    spared = {own, *ancestors(own), *(process.pid for process in descendants(own))}
    return [process for process in marked(marker) if process.pid not in spared]


def _of_ended_jobs(store: Store, layout: StateLayout) -> Iterator[Path]:
    """Clones named `<issue>-<job>-<purpose>` whose job has ended, and no effect is left that would remove them."""
    open_effects = {row.job for row in store.effects.select("state IN ('intended', 'acting')")}
    ended = {f"{job.issue}-{job.id}-": job.id for job in store.jobs.select() if job.state.terminal}
    for path in sorted(layout.workspaces.iterdir()) if layout.workspaces.is_dir() else ():
        job = ended.get(path.name.rpartition("-")[0] + "-")
        if job is not None and job not in open_effects:
            yield path


def _clear(path: Path, salvaged: Path) -> str:
    salvaged.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    archive = salvaged / f"{path.name}.tar.gz"
    saved = path.name.endswith("-work") and not archive.exists() and salvage(path, archive)
    remove_tree(path)
    return f"removed {path}" + (f"; what it held is in {archive}" if saved else "")


UPKEEP: Mapping[str, Callable[[StateLayout], Iterator[Amiss]]] = {
    "private": _private,
    "reserve": _reserve,
    "events": _events,
    "lock": _lock,
    "leftovers": _leftovers,
}
