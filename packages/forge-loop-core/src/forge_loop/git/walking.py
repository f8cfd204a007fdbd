"""Walking a tree that somebody else has built, however deep it is.

Owns: that walk, and making a tree shallow. Must not: follow a link, or stop at what cannot be read.

`os.walk` and `shutil.rmtree` call themselves once a directory: a thousand directories in each other, which one line of
shell makes, end them with a RecursionError.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

SHALLOW = 10  # with the longest names there are, still a path that the kernel takes


def walk(root: str | os.PathLike[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk` from the top: a directory, the names of those in it (take one out to pass it over), other names.

    Directories that cannot be read, because of their rights or of too long a path, are passed over.
    """
    waiting = [os.fspath(root)]
    while waiting:
        directory = waiting.pop()
        names: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    (names if _is_directory(entry) else files).append(entry.name)
        except OSError:
            continue
        yield directory, names, files
        waiting.extend(os.path.join(directory, name) for name in reversed(names))  # noqa: PTH118 - hot loop


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def flatten(root: Path) -> None:
    """Give the owner every right on every directory, and bring what lies deep up to directly below `root`."""
    waiting, moved = [(root, 0)], 0
    while waiting:
        directory, depth = waiting.pop()
        directory.chmod(stat.S_IRWXU)
        for below in [Path(entry.path) for entry in os.scandir(directory) if _is_directory(entry)]:
            place, deeper = below, depth + 1
            if depth >= SHALLOW:
                below.chmod(stat.S_IRWXU)  # a directory that changes its parent must be writable itself
                place, deeper, moved = _free(root, moved), 1, moved + 1
                below.rename(place)
            waiting.append((place, deeper))


def _free(root: Path, number: int) -> Path:
    place = root / f".deep-{number}"
    while os.path.lexists(place):
        number += 1
        place = root / f".deep-{number}-{os.urandom(4).hex()}"
    return place
