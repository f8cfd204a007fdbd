"""Files of the system that are somebody's secret: in /etc, readable by the operator but not by everybody.

Owns: finding them. Must not: judge by name; the mode already says whose they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_EVERYBODY_READS = 0o004


def secrets_below(root: Path) -> tuple[Path, ...]:
    """What not everybody may read and this process may; nothing of it is entered."""
    return tuple(_secrets(root))


def still_there(paths: Iterable[Path]) -> Iterator[Path]:
    """Those that can be mounted over: a lock file of the system comes and goes."""
    return (path for path in paths if os.path.lexists(path))


def _secrets(directory: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        if not entry.stat(follow_symlinks=False).st_mode & _EVERYBODY_READS:
            if os.access(entry.path, os.R_OK):
                yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _secrets(Path(entry.path))
