"""The operator's own commands (checks, hooks) where an agent's code is present.

Owns: their scrubbed environment and private directories, their time limit, the last part of their output, and that no
process of theirs is left. Must not: pass a credential that is not named, or judge a result.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from forge_loop.agents.environment import LOOP_MARKER, SESSION_MARKER, command_environment
from forge_loop.agents.ladder import END_SECONDS
from forge_loop.agents.processes import Process, descendants, end_all, in_session, marked
from forge_loop.agents.sandbox import Sandbox
from forge_loop.agents.sandbox.inside import offline
from forge_loop.ports import CommandResult

KEPT_LINES = 50
KEPT_BYTES = 64 * 1024
NOT_RUN = 127
LEAST_SECRET = 8


class LocalCommands:
    """Runs commands as children, each with a HOME and TMPDIR of its own below `scratch`, and inside `sandbox`."""

    def __init__(
        self, *, loop_id: str, environ: Mapping[str, str], scratch: Path, sandbox: Sandbox | None = None
    ) -> None:
        self._loop_id = loop_id
        self._environ = dict(environ)
        self._scratch = scratch
        self._sandbox = sandbox
        # Readable from `close` on, for every thread that watches a command.
        self._closing = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._closing)

    def close(self) -> None:
        os.eventfd_write(self._closing, 1)

    def run(
        self,
        command: str,
        *,
        directory: Path,
        timeout: float,
        passing: Sequence[str] = (),
        confined: bool = True,
    ) -> CommandResult:
        given = {name: self._environ[name] for name in passing if name in self._environ}
        began = time.monotonic()
        self._scratch.mkdir(parents=True, exist_ok=True)
        private = Path(tempfile.mkdtemp(prefix="command-", dir=self._scratch))
        try:
            sandbox = self._sandbox if confined else None
            status, output = self._run(command, directory, began + timeout, private, given, sandbox)
        except OSError as problem:
            status, output = NOT_RUN, f"the command could not be started: {problem}"
        finally:
            shutil.rmtree(private, ignore_errors=True)
        return CommandResult(status=status, output=_without(output, given), seconds=time.monotonic() - began)

    def _run(
        self,
        command: str,
        directory: Path,
        deadline: float,
        private: Path,
        given: Mapping[str, str],
        sandbox: Sandbox | None,
    ) -> tuple[int | None, str]:
        marker = str(uuid.uuid4())
        environment = self._environment(marker, private, given, inside=sandbox is not None)
        argv = ["/bin/sh", "-c", command]
        if sandbox is not None:
            argv = sandbox.command(argv, directory=directory, private=private)
        with subprocess.Popen(
            [sys.executable, "-I", "-m", "forge_loop.agents.shim", str(os.getpid()), *argv],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            output = Tail(process.stdout)
            in_time = _watch(process.pid, output, deadline, self._closing)
            # Before the shim is waited for: its pid, which is its session's id, still belongs to it.
            end_all(lambda: _survivors(process.pid, marker), within=END_SECONDS)
            output.drain()
            status = process.wait()
        return status if in_time else None, output.text()

    def _environment(self, marker: str, private: Path, given: Mapping[str, str], *, inside: bool) -> dict[str, str]:
        home, tmp = private / "home", private / "tmp"
        home.mkdir()
        tmp.mkdir()
        environ = offline(self._environ) if inside else self._environ
        usual = command_environment(loop_id=self._loop_id, marker=marker, environ=environ, home=home, tmp=tmp)
        markers = {name: usual[name] for name in (LOOP_MARKER, SESSION_MARKER)}
        return {**usual, **given, **markers}


def _without(output: str, given: Mapping[str, str]) -> str:
    """The output without the values that were given, as far as they are long enough to be secrets."""
    for name, value in given.items():
        if len(value) >= LEAST_SECRET:
            output = output.replace(value, f"[{name}]")
    return output


def _watch(pid: int, output: Tail, deadline: float, closing: int) -> bool:
    """Read output until the process ends; False if the deadline or the end of the loop came first."""
    pidfd = os.pidfd_open(pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pidfd, selectors.EVENT_READ)
            selector.register(output.descriptor, selectors.EVENT_READ)
            selector.register(closing, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = {key.fd for key, _ in selector.select(left)}
                if pidfd in ready or closing in ready:
                    return pidfd in ready
                if output.descriptor in ready and not output.read():
                    selector.unregister(output.descriptor)
            return False
    finally:
        os.close(pidfd)


def _survivors(pid: int, marker: str) -> list[Process]:
    return [*in_session(pid), *descendants(pid), *marked(f"{SESSION_MARKER}={marker}")]


class Tail:
    """The last part of a pipe."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.descriptor = pipe.fileno()
        self._kept = b""
        os.set_blocking(self.descriptor, False)

    def read(self) -> bool:
        """Take what is there; False at the end of the pipe."""
        try:
            part = os.read(self.descriptor, KEPT_BYTES)
        except BlockingIOError:
            return True
        self._kept = (self._kept + part)[-KEPT_BYTES:]
        return bool(part)

    def drain(self) -> None:
        """Take all that is left. Ends at once when a process that escaped holds the pipe open and is silent."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.descriptor, selectors.EVENT_READ)
            deadline = time.monotonic() + 1.0
            while time.monotonic() < deadline and selector.select(0) and self.read():
                pass

    def text(self) -> str:
        return "\n".join(self._kept.decode(errors="replace").splitlines()[-KEPT_LINES:])
