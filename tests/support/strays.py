"""Processes that a session or a command tries to leave behind, recognised by a word in their command line.

Owns: starting one of each kind, and finding them from outside: a pid counted inside a sandbox means nothing there.
Must not: end them; that is what is tested.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

FOREVER = "while :; do sleep 0.1; done"
# How each kind is started; the braces stand for the stray's own words.
KINDS: Mapping[str, str] = {
    "plain": "sh -c {} &",
    "session": "setsid sh -c {} &",
    "orphan": "(setsid sh -c {} &)",
    "deaf": "setsid sh -c \"trap '' TERM HUP INT; $(printf %s {})\" &",
    "silent": "setsid sh -c {} <&- >&- 2>&- &",
    "bare": "env -i PATH=$PATH setsid sh -c {} &",
    "stopped": 'setsid sh -c "kill -STOP \\$\\$; $(printf %s {})" &',
}


def start(token: str) -> str:
    """A shell script that starts a stray of each kind and ends."""
    return "\n".join(line.format(f"': {token}-{kind}; {FOREVER}'") for kind, line in KINDS.items())


def alive(token: str) -> list[int]:
    """The pids, as seen from here, of living processes with this word in their command line."""
    return [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit() and _has(place, token)]


def _has(place: Path, token: str) -> bool:
    try:
        dead = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
        return not dead and token.encode() in (place / "cmdline").read_bytes()
    except OSError:
        return False


def seconds_until(reached: Callable[[], bool], *, within: float) -> float:
    """How long it took; a time beyond `within` means that it did not happen."""
    began = time.monotonic()
    while not reached() and time.monotonic() - began < within:
        time.sleep(0.02)  # nothing tells a stranger that a process has gone
    return time.monotonic() - began
