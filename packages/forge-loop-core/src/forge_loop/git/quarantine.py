"""Reaching a workspace's commits without believing anything its git directory says about itself.

Owns: what a `.git` directory must look like, which commit is checked out there, and a throw-away repository of the
loop's that borrows the workspace's objects. Must not: let git read a file of the workspace's other than its objects.

An agent can turn its `.git` into a door to another repository that the loop can read (a link, a gitfile, `commondir`,
alternates) and can set configuration that runs commands. So the shape is checked with lstat, HEAD and refs are read as
plain files, and git itself only ever sees the loop's own configuration with the objects behind it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from forge_loop.git.bare import new_bare
from forge_loop.git.command import Git, is_sha
from forge_loop.git.plain_file import open_plain
from forge_loop.git.walking import walk

_HEAD = re.compile(r"ref: (refs/heads/[^\x00-\x20\x7f~^:?*\[\\]+)")
_REDIRECTS = ("commondir", "gitdir", "objects/info/alternates", "objects/info/http-alternates")
_MOST_BYTES = 16 * 1024 * 1024
_MOST_ENTRIES = 200_000


class Suspicious(Exception):
    """The workspace's git directory is not what the loop made; nothing is taken from it. The message says why."""


def checked_out(workspace: Path) -> str:
    """The commit that HEAD of a workspace names, read as plain files. Raises Suspicious."""
    place = workspace / ".git"
    _check_shape(workspace, place)
    text = _read(place / "HEAD")
    named = _HEAD.fullmatch(text)
    sha = text if named is None else _resolve(place, named[1])
    if not is_sha(sha):
        raise Suspicious(f"HEAD names no commit: {text[:100]!r}")
    return sha


@contextmanager
def borrowed(workspace: Path, sha: str, *, beside: Path) -> Iterator[Path]:
    """A bare repository whose only ref, `refs/heads/candidate`, is `sha` and whose objects are the workspace's."""
    with TemporaryDirectory(prefix=".harvest-", dir=beside) as directory:
        place = new_bare(Path(directory, "candidate.git"))
        (place / "objects" / "info").mkdir(parents=True, exist_ok=True)
        (place / "objects" / "info" / "alternates").write_text(f"{workspace / '.git' / 'objects'}\n")
        if Git(place).run("cat-file", "-t", sha, accept=(0, 128)).text != "commit":
            raise Suspicious(f"HEAD names {sha}, which is no commit there")
        (place / "refs" / "heads" / "candidate").write_text(f"{sha}\n")
        yield place


def _check_shape(workspace: Path, place: Path) -> None:
    for directory in (workspace, place):
        if not _is(directory, stat.S_ISDIR):
            raise Suspicious(f"{directory.name!r} is not a directory")
    for name in _REDIRECTS:
        if os.path.lexists(place / name):
            raise Suspicious(f".git/{name} stands there and points elsewhere")
    for count, entry in enumerate(_entries(place)):
        if count > _MOST_ENTRIES:
            raise Suspicious(f".git holds more than {_MOST_ENTRIES} entries")
        if not _is(entry, stat.S_ISDIR) and not _is(entry, stat.S_ISREG):
            raise Suspicious(f"{entry.relative_to(workspace)} is neither a file nor a directory")


def _entries(place: Path) -> Iterator[Path]:
    """Everything that HEAD, refs and objects are read from."""
    yield from (place / name for name in ("HEAD", "objects", "refs"))
    if os.path.lexists(place / "packed-refs"):
        yield place / "packed-refs"
    for part in ("objects", "refs"):
        for directory, names, files in walk(place / part):
            yield from (Path(directory, name) for name in (*names, *files))


def _resolve(place: Path, ref: str) -> str:
    """The commit a branch points to: its own file, else its line in packed-refs."""
    loose = place / ref
    if ".." in Path(ref).parts:
        raise Suspicious(f"HEAD names {ref!r}")
    if _is(loose, stat.S_ISREG):
        return _read(loose)
    if _is(place / "packed-refs", stat.S_ISREG):
        for line in _read(place / "packed-refs").splitlines():
            sha, _, name = line.partition(" ")
            if name == ref:
                return sha
    raise Suspicious(f"HEAD names {ref!r}, which does not exist")


def _read(path: Path) -> str:
    try:
        with open_plain(path) as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Suspicious(f".git/{path.name} cannot be read: {error.strerror}") from error
    if len(raw) > _MOST_BYTES:
        raise Suspicious(f".git/{path.name} is larger than {_MOST_BYTES} bytes")
    return raw.decode("utf-8", "replace").strip()


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return kind(mode)
