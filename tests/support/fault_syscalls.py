"""Faults at system calls, by strace: a process killed at its nth call of a name, or told that the call failed.

Owns: recording which calls a program makes, choosing among them, running it with one fault. Must not: judge what comes
of it. Children are let go when they become another program: the fault meets the loop, not its git.

strace counts `when=N` for each thread and each name of its own, so a trace is recorded first, and a point is a pair of
(name, nth) that one thread of it reached. What comes before the mark (the interpreter starting) is left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "/forge-loop-begins-here"
FOLLOW = ("strace", "-f", "-qq", "-b", "execve")
_CALL = re.compile(r"^(\d+) +(\w+)\(")


def can_trace() -> bool:
    """Whether strace is here and may look at a child."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run([*FOLLOW, "-o", "/dev/null", "true"], capture_output=True, timeout=30, check=False)
    return done.returncode == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    name: str
    nth: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """`status` is negative for a signal; `fired` says that the fault was met."""

    status: int
    output: str
    complaint: str
    fired: bool


def record(program: Sequence[str], names: Sequence[str], place: Path, environ: Mapping[str, str]) -> list[Point]:
    """Every point after the mark at which the program calls one of `names`."""
    log = place / "trace"
    words = [*FOLLOW, "-o", str(log), "-e", f"trace={','.join((*names, 'execve', 'newfstatat'))}"]
    done = subprocess.run(
        [*words, sys.executable, *program], env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return _points(log.read_text(errors="replace").splitlines(), frozenset(names))


def _points(lines: Sequence[str], names: frozenset[str]) -> list[Point]:
    counts: dict[str, Counter[str]] = {}
    others, marked, before = set(), False, Counter[str]()
    for line in lines:
        found = _CALL.match(line)
        if found is None:
            continue
        thread, name = found[1], found[2]
        if name == "execve" and counts:
            others.add(thread)  # a child on its way to another program
        if name in names:
            counts.setdefault(thread, Counter())[name] += 1
        if MARK in line:
            marked, before = True, Counter(counts.get(thread, ()))
    assert marked, "the program did not say where it begins"
    most = Counter[str]()
    for thread, made in counts.items():
        if thread not in others:
            most |= made
    return [Point(name=name, nth=nth) for name in sorted(most) for nth in range(before[name] + 1, most[name] + 1)]


def sample(points: Sequence[Point], many: int) -> list[Point]:
    """So many of the points, evenly spread over every name."""
    if len(points) <= many:
        return list(points)
    return [points[index * len(points) // many] for index in range(many)]


def run_with(
    fault: str, point: Point, program: Sequence[str], place: Path, environ: Mapping[str, str], *, onwards: bool = False
) -> Ended:
    """Run the program with `fault` (such as `signal=SIGKILL` or `error=EIO`) at a point, or from it on."""
    log = place / "fault"
    when = f"when={point.nth}{'+' if onwards else ''}"
    words = [*FOLLOW, "-o", str(log), "-e", f"trace={point.name}", "-e", f"inject={point.name}:{fault}:{when}"]
    done = subprocess.run(
        [*words, sys.executable, *program], env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    text = log.read_text(errors="replace")
    fired = "(INJECTED)" in text if fault.startswith("error=") else done.returncode == -9
    return Ended(status=done.returncode, output=done.stdout, complaint=done.stderr, fired=fired)
