"""Making a bare repository, and clearing up after a git that was ended halfway.

Owns: the birth of a bare repository in one rename; lock files left behind. Must not: know what it is for.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from forge_loop.git.command import Git
from forge_loop.git.names import branch_ref

# git holds a lock on a ref for milliseconds. One this old belongs to a process that was ended.
STALE_SECONDS = 60.0
# No harvest takes as long.
LEFTOVER_SECONDS = 6 * 3600.0


def new_bare(path: Path, *, branch: str = "main") -> Path:
    """A new bare repository beside `path`, to be filled and then renamed to it by `settle`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    git = Git(fresh)
    git.run("init", "--quiet", "--bare", "--template=")
    git.run("symbolic-ref", "HEAD", branch_ref(branch))
    return fresh


def drop_leftovers(place: Path) -> int:
    """Remove temporary directories of the loop's that an ended process left in a bare repository; how many."""
    oldest = time.time() - LEFTOVER_SECONDS
    left = [entry for entry in place.glob(".*-*") if entry.is_dir() and entry.stat().st_mtime < oldest]
    for entry in left:
        shutil.rmtree(entry, ignore_errors=True)
    return len(left)


def drop_stale_locks(place: Path) -> int:
    """Remove lock files of refs that an ended git left in a bare repository of the loop's; how many."""
    oldest = time.time() - STALE_SECONDS
    dropped = 0
    for lock in (*place.glob("*.lock"), *place.glob("refs/**/*.lock")):
        try:
            if lock.lstat().st_mtime < oldest:
                lock.unlink()
                dropped += 1
        except FileNotFoundError:
            continue
    return dropped
