"""Trying the sandbox before anything runs in it: what must fail inside has to fail, and what must work has to work.

Owns: the attempts and the sentence that says which one went wrong. Must not: trust a version or a name; only what was
just tried counts. Everything tried is bounded in time.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from forge_loop.agents.processes import descendants, wait_gone
from forge_loop.agents.sandbox.bubblewrap import Bubblewrap
from forge_loop.agents.sandbox.inside import SESSION_VARIABLES, SOCKET_NAME, Sandbox
from forge_loop.agents.sandbox.proxy import listen
from forge_loop.agents.sandbox.upstream import PLACEHOLDER

SECONDS = 20.0
CLAUDE_SECONDS = 30.0
_PROBE = """
import json, socket, sys
def fails(what):
    try:
        what()
    except OSError:
        return True
    return False
canary, port = sys.argv[1], int(sys.argv[2])
print(json.dumps({
    "read": not fails(lambda: open(canary).close()),
    "write": not fails(lambda: open(canary + ".written", "w").close()),
    "connect": not fails(lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close()),
}))
"""
_LEAKS = {"read": "read a file of the loop", "write": "write beside its own files", "connect": "reach the network"}


class UnusableError(Exception):
    """Why the sandbox cannot be used here, as the end of a sentence; `hint` is what to do."""

    def __init__(self, why: str, *, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def probe_walls(bubblewrap: Bubblewrap, *, outside: Path) -> None:
    """Try to read and write below `outside` and to reach a listener on loopback. Raises UnusableError if one works."""
    with (
        tempfile.TemporaryDirectory(prefix="canary-", dir=outside) as place,
        tempfile.TemporaryDirectory(prefix="probe-", dir=outside) as inside,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        canary = Path(place) / "canary"
        canary.write_text("a secret\n")
        argv = [sys.executable, "-I", "-S", "-c", _PROBE, str(canary), str(listener.getsockname()[1])]
        done = _run(bubblewrap.wrap(argv, directory=Path(inside), writable=[Path(inside)]))
    for leak in (name for name, said in _LEAKS.items() if _found(done)[name]):
        raise UnusableError(f"what runs inside could {_LEAKS[leak]}", hint="look at sandbox.read_only")


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise UnusableError(f"bubblewrap does not run: {problem}") from None
    if done.returncode != 0:
        raise UnusableError(f"bubblewrap does not work here: {_last_line(done.stderr)}")
    return done


def _found(done: subprocess.CompletedProcess[str]) -> dict[str, bool]:
    try:
        said = json.loads(done.stdout)
        return {name: bool(said[name]) for name in _LEAKS}
    except (ValueError, KeyError, TypeError):
        raise UnusableError(f"the probe inside said {done.stdout!r}") from None


def probe_claude(sandbox: Sandbox, *, environ: Mapping[str, str]) -> None:
    """See that Claude Code sends its requests over the socket: the variable for it is not documented. Raises
    UnusableError. A success is remembered for this executable, because a start of it takes a second."""
    memory = sandbox.scratch / "claude-probe"
    known = _identity(sandbox)
    with suppress(OSError):
        if memory.read_text() == known:
            return
    with tempfile.TemporaryDirectory(prefix="probe-", dir=sandbox.scratch) as scratch:
        _ask(sandbox, Path(scratch), environ)
    with suppress(OSError):
        memory.write_text(known)


def _identity(sandbox: Sandbox) -> str:
    files = (sandbox.cli.stat(), sandbox.bubblewrap.program.stat())
    return json.dumps([str(sandbox.cli), *((facts.st_ino, facts.st_size, facts.st_mtime_ns) for facts in files)])


def _ask(sandbox: Sandbox, scratch: Path, environ: Mapping[str, str]) -> None:
    own, sockets = scratch / "own", scratch / "api"
    own.mkdir()
    sockets.mkdir()
    argv = [
        *sandbox.claude(directory=own, writable=[own], sockets=sockets),
        "-p",
        "probe",
        "--model",
        "claude-opus-4-7",
    ]
    with listen(sockets / SOCKET_NAME) as listener, open(scratch / "said", "w+b") as said:  # noqa: PTH123
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={
                **SESSION_VARIABLES,
                "PATH": environ.get("PATH", ""),
                "HOME": str(own),
                "TMPDIR": str(own),
                "CLAUDE_CONFIG_DIR": str(own),
                "CLAUDE_CODE_OAUTH_TOKEN": PLACEHOLDER,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1",
            },
        )
        try:
            if not _was_asked(listener, process):
                said.seek(0)
                last = _last_line(said.read().decode(errors="replace"))
                raise UnusableError(f"Claude Code does not send its requests over {SOCKET_NAME}: {last}")
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """What is inside dies with bubblewrap, but a moment later: until then it writes to its directory."""
    inside = descendants(process.pid)
    process.kill()
    process.wait()
    for each in inside:
        wait_gone(each, SECONDS)


def _was_asked(listener: socket.socket, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + CLAUDE_SECONDS
    ended = os.pidfd_open(process.pid)
    try:
        waiting = select.poll()  # a process of many repositories holds descriptors that `select.select` cannot take
        waiting.register(listener, select.POLLIN)
        waiting.register(ended, select.POLLIN)
        if listener.fileno() not in dict(waiting.poll(CLAUDE_SECONDS * 1000)):
            return False
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            return connection.recv(64).startswith(b"POST /v1/messages")
    except OSError:
        return False
    finally:
        os.close(ended)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
