"""The three pipes to a host: the order in, frames and complaints out, none of them ever waited for.

Owns: non-blocking reads and writes, splitting lines, the tail of stderr. Must not: understand a line.
"""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import IO

LONGEST_LINE = 64 * 2**20
KEPT_STDERR = 8192
_CHUNK = 1 << 16


class Pipes:
    """`take` gets each whole line of stdout. stdin stays open once the order is written: its end tells the host that
    the loop is gone."""

    def __init__(self, process: subprocess.Popen[bytes], order: bytes, *, take: Callable[[bytes], None]) -> None:
        self._stdin = _open(process.stdin)
        self._stdout = _open(process.stdout)
        self._stderr = _open(process.stderr)
        self._pidfd = os.pidfd_open(process.pid)
        self._take = take
        self._unsent = memoryview(order)
        self._line = b""
        self._complaints = b""

    def register(self, selector: selectors.BaseSelector) -> None:
        """Each entry's data is what to call when it is ready; an answer of False means: no more of this one."""
        selector.register(self._stdin, selectors.EVENT_WRITE, self._write)
        selector.register(self._stdout, selectors.EVENT_READ, self._read)
        selector.register(self._stderr, selectors.EVENT_READ, self._read_complaints)
        selector.register(self._pidfd, selectors.EVENT_READ)

    def drain(self) -> None:
        """Take what is left in the pipes and close them."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while selector.select(0) and self._read():
                pass
        self._read_complaints()
        os.close(self._pidfd)
        for stream in (self._stdin, self._stdout, self._stderr):
            with suppress(BrokenPipeError):
                stream.close()

    def last_words(self) -> str:
        """The last line of stderr."""
        lines = self._complaints.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _write(self) -> bool:
        try:
            self._unsent = self._unsent[os.write(self._stdin.fileno(), self._unsent[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self._unsent)

    def _read(self) -> bool:
        part = _read(self._stdout)
        if not part:
            return part is None
        *lines, self._line = (self._line + part).split(b"\n")
        if len(self._line) > LONGEST_LINE:
            self._line = b""
        for line in lines:
            self._take(line)
        return True

    def _read_complaints(self) -> bool:
        part = _read(self._stderr)
        self._complaints = (self._complaints + (part or b""))[-KEPT_STDERR:]
        return part is None or bool(part)


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "a host is spawned with three pipes"
    os.set_blocking(stream.fileno(), False)
    return stream


def _read(stream: IO[bytes]) -> bytes | None:
    """Bytes, empty at the end, None if there are none now."""
    try:
        return os.read(stream.fileno(), _CHUNK)
    except BlockingIOError:
        return None
