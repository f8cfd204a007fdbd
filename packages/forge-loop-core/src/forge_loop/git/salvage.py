"""Saving what a workspace holds before it is removed.

Owns: the archive, what goes in, its bounds. Must not: run git, follow a link, open anything but plain files.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from forge_loop.git.plain_file import open_plain
from forge_loop.git.walking import walk

MOST_BYTES = 256 * 1024 * 1024
MOST_ENTRIES = 100_000
CUT_NOTE = "SALVAGE-IS-INCOMPLETE.txt"


def salvage(path: Path, archive: Path) -> bool:
    """Save the files below `path`, git's own directory left out, to a `.tar.gz`; False if there are none."""
    if path.is_symlink() or not path.is_dir():
        return False
    entries = list(_entries(path))
    if not entries:
        return False
    partial = archive.with_name(f".{archive.name}.new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        _write(stream, path, entries)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(archive)
    return True


def _entries(root: Path) -> Iterator[Path]:
    """Plain files and links, in order; directories that cannot be read are passed over."""
    for directory, names, files in walk(root):
        if Path(directory) == root and ".git" in (*names, *files):
            names[:] = [name for name in names if name != ".git"]
            files = [name for name in files if name != ".git"]
        names.sort()
        yield from (Path(directory, name) for name in sorted(files))


def _write(stream: io.BufferedIOBase, root: Path, entries: list[Path]) -> None:
    room, cut = MOST_BYTES, list(entries[MOST_ENTRIES:])
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries[:MOST_ENTRIES]:
            taken = _add(tar, entry, str(entry.relative_to(root)), room)
            if taken is None:
                cut.append(entry)
            else:
                room -= taken
        if cut:
            _add_note(tar, f"{len(cut)} entries are missing: too large, too many or unreadable.\n")


def _add(tar: tarfile.TarFile, entry: Path, name: str, room: int) -> int | None:
    """Add one entry; how many bytes it took, None if it was left out."""
    try:
        if entry.is_symlink():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, str(entry.readlink())
            tar.addfile(link)
            return 0
        stream = open_plain(entry)
    except OSError:
        return None
    with stream:
        status = os.fstat(stream.fileno())
        if status.st_size > room:
            return None
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = status.st_size, int(status.st_mtime), status.st_mode & 0o777
        tar.addfile(info, stream)
    return status.st_size


def _add_note(tar: tarfile.TarFile, text: str) -> None:
    info = tarfile.TarInfo(CUT_NOTE)
    info.size = len(text.encode())
    tar.addfile(info, io.BytesIO(text.encode()))
