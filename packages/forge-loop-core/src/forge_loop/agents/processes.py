"""Processes by parentage and by marker: finding them, and ending them without hitting a stranger.

Owns: reading /proc, markers in `/proc/<pid>/environ`, ending through pidfds until none is left, and the two prctl
calls an agent host needs. Must not: choose by name, or signal a bare pid: a pid may have been given to another process.

Linux only. `env -i` hides a process from the marker; parentage still finds it while an ancestor lives.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told from a later one with the same pid by its start time in clock ticks since boot."""

    pid: int
    parent: int
    session: int
    started: int


def find(pid: int) -> Process | None:
    """The living process `pid`, or None; a zombie is not living."""
    try:
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]))


def living() -> list[Process]:
    found = (find(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None]


def descendants(pid: int) -> list[Process]:
    """Every living descendant of `pid`, itself excluded."""
    children: dict[int, list[Process]] = {}
    for process in living():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = list(children.get(pid, ()))
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting.extend(children.get(process.pid, ()))
    return found


def in_session(leader: int) -> list[Process]:
    """Every living process of the session that `leader` opened. Only while `leader` is not yet waited for: until then
    no stranger can be given its pid."""
    return [process for process in living() if process.session == leader]


def ancestors(pid: int) -> frozenset[int]:
    """The pids above `pid`, as far up as can be read."""
    found: set[int] = set()
    process = find(pid)
    while process is not None and process.parent and process.parent not in found:
        found.add(process.parent)
        process = find(process.parent)
    return frozenset(found)


def marked(entry: str) -> list[Process]:
    """Every living process whose environment holds exactly `entry` ("NAME=value"), and all their descendants."""
    wanted = os.fsencode(entry)
    found = {process.pid: process for process in living() if wanted in _environment(process.pid)}
    for pid in tuple(found):
        found.update((below.pid, below) for below in descendants(pid))
    return list(found.values())


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def signal_process(process: Process, number: int) -> bool:
    """Send a signal to exactly this process; False if it is gone."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = find(process.pid)
        if now is None or now.started != process.started:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def end_all(survivors: Callable[[], Iterable[Process]], *, within: float) -> int:
    """Kill what `survivors` finds until it finds nothing twice in a row, or `within` seconds have passed.

    Returns how many processes were killed. Twice, because one look can miss what was just forked.
    """
    deadline = time.monotonic() + within
    killed: set[Process] = set()
    calm = 0
    while calm < 2 and time.monotonic() < deadline:
        found = list(survivors())
        calm = 0 if found else calm + 1
        killed.update(process for process in found if signal_process(process, signal.SIGKILL))
        for process in found:
            wait_gone(process, max(0.0, min(1.0, deadline - time.monotonic())))
    return len(killed)


def wait_gone(process: Process, within: float) -> bool:
    """Wait until a process has ended (a zombie has); True if it did."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return True
    try:
        now = find(process.pid)
        if now is None or now.started != process.started:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(within * 1000))
    finally:
        os.close(descriptor)


def reap_adopted() -> None:
    """Collect every dead child, one by one. Only for a process that waits for no child of its own any more."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def adopt_orphans() -> None:
    """Become the parent of every orphaned descendant, so that a daemonised one can be found and ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Ask for SIGTERM when the thread that started this process ends; at once if that parent is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    import ctypes  # not for whoever only asks whether a process lives

    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
