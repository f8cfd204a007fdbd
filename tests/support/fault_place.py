"""Where faults are played: quick directories, and small filesystems that can be filled to the last block.

Owns: making and removing both. Must not: decide what is broken there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_AMPLE_BYTES = 512 * 1024 * 1024


@contextmanager
def quick_place() -> Iterator[Path]:
    """A directory in memory where there is room: a killed process loses nothing of it, and a flush costs nothing.

    Two thirds of a life's time on a disk are flushes, which only a power cut could tell from none.
    """
    base = _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _AMPLE_BYTES else None
    place = Path(tempfile.mkdtemp(prefix="forge-loop-fault-", dir=base))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


class CannotMount(Exception):
    """This machine or this user cannot mount a filesystem."""


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A filesystem of its own at `place`, in memory. Raises CannotMount."""
    place.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        raise CannotMount(done.stderr.strip())
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], timeout=10, check=True)


def fill(place: Path, *, but: int = 0) -> None:
    """Take every block of the filesystem, but for so many bytes."""
    descriptor = os.open(place / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for size in (1024 * 1024, 4096):
        try:
            while os.statvfs(place).f_bavail * os.statvfs(place).f_frsize > but:
                os.write(descriptor, bytes(size))
        except OSError:
            continue
    os.close(descriptor)


def make_room(place: Path) -> None:
    """Give back what `fill` took, where it took anything."""
    (place / "filler").unlink(missing_ok=True)
