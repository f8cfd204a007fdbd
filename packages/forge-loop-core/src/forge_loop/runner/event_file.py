"""`events.jsonl`: whole lines in `seq` order, whatever happened to the last process that wrote them.

Owns: finding the last line that can be kept, and appending whole lines or nothing. Must not: read the file from its
beginning, or know where the lines come from.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

_CHUNK = 64 * 1024


class EventFile:
    """The open file. `newest` is the newest `seq` there is.

    A file that goes beyond it belongs to another history (an older backup was put in the database's place): it is kept
    beside this one under the name of its last line, and this one begins anew.
    """

    def __init__(self, path: Path, *, newest: int) -> None:
        self._path = path
        self._descriptor, self.written = _open(path)
        if self.written > newest:
            os.close(self._descriptor)
            path.replace(path.with_name(f"{path.stem}.until-{self.written}{path.suffix}"))
            self._descriptor, self.written = _open(path)

    def is_in_place(self) -> bool:
        """Whether whoever opens the path reads what is written here."""
        try:
            return os.path.samestat(self._path.stat(follow_symlinks=False), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def append(self, lines: str, *, last: int) -> None:
        """Add whole lines, the last of them `last`. Raises OSError, and then nothing of them is there."""
        before = os.fstat(self._descriptor).st_size
        left = memoryview(lines.encode())
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]  # a disk that fills up takes a part
        except OSError:
            os.ftruncate(self._descriptor, before)
            raise
        self.written = last

    def close(self) -> None:
        os.close(self._descriptor)


def _open(path: Path) -> tuple[int, int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    return descriptor, _cut_to_last_event(descriptor)


def look(path: Path) -> tuple[int, int]:
    """The `seq` of the last line that can be kept, and how many bytes behind it cannot; nothing is changed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        whole, seq = _last_event(descriptor)
        return seq, os.fstat(descriptor).st_size - whole
    finally:
        os.close(descriptor)


def _cut_to_last_event(descriptor: int) -> int:
    """Cut off what follows the last whole line that is an event; its `seq`, 0 if there is none."""
    whole, seq = _last_event(descriptor)
    if whole < os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, whole)
    return seq


def _last_event(descriptor: int) -> tuple[int, int]:
    """Where the last whole line that is an event ends, and its `seq`; zeros if there is none."""
    whole = _after_last_newline(descriptor, os.fstat(descriptor).st_size)
    while whole:
        start = _after_last_newline(descriptor, whole - 1)
        seq = _seq(os.pread(descriptor, whole - start, start))
        if seq:
            return whole, seq
        whole = start
    return 0, 0


def _after_last_newline(descriptor: int, end: int) -> int:
    """The place after the last newline before `end`, 0 if there is none."""
    while end > 0:
        start = max(0, end - _CHUNK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _seq(line: bytes) -> int:
    """The `seq` of a line, 0 if it is no event."""
    try:
        return int(json.loads(line)["seq"])
    except (ValueError, KeyError, TypeError):
        return 0
