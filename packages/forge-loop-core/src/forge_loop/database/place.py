"""Where a database may stand.

Owns: the refusal of places on which locks or flushes do not keep their promise; how much room is left at a place.
Must not: create anything.
Source: https://www.sqlite.org/howtocorrupt.html and the notes on file systems in https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from forge_loop.errors import UnsupportedPlaceError

MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "coda", "lustre", "ncpfs", "ocfs2", "gfs2"}
    | {"vboxsf", "prl_fs", "virtiofs"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def check_place(path: Path, *, mounts: Path = MOUNTS) -> None:
    """Raise UnsupportedPlaceError unless a database can be kept at `path`."""
    if not path.parent.is_dir():
        raise UnsupportedPlaceError(f"{str(path.parent)!r} is not a directory", hint=f"mkdir -p -m 700 {path.parent}")
    if path.is_symlink():
        raise UnsupportedPlaceError(f"the database {str(path)!r} is a symbolic link")
    kind = filesystem(path.parent, mounts=mounts)
    if kind in _NETWORK or kind.startswith("fuse"):
        raise UnsupportedPlaceError(
            f"{str(path)!r} is on a {kind} filesystem, where locks and flushes cannot be relied on",
            hint="choose a directory on a local disk",
        )


def free_bytes(directory: Path) -> int:
    """The space that an ordinary user can still fill on the filesystem of `directory`."""
    figures = os.statvfs(directory)
    return figures.f_bavail * figures.f_frsize


def filesystem(directory: Path, *, mounts: Path = MOUNTS) -> str:
    """The type of the filesystem that holds `directory`, as the kernel names it; empty if that cannot be told."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    here = os.path.realpath(directory)
    best, kind = -1, ""
    for line in lines:
        point, found = _mount(line)
        # A later line of the same mount point covers the earlier one.
        if len(point) >= best and _holds(point, here):
            best, kind = len(point), found
    return kind


def _mount(line: str) -> tuple[str, str]:
    """Mount point and type of one line: `36 35 98:0 /root /point options [optional ...] - type source options`."""
    left, _, right = line.partition(" - ")
    point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), left.split(" ")[4])
    return point, right.split(" ")[0]


def _holds(point: str, path: str) -> bool:
    return point == "/" or path == point or path.startswith(point + "/")
