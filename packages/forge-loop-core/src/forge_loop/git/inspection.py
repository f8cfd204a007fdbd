"""What a candidate must not hold, whatever it is for.

Owns: the problems: links that leave the tree, gitlinks, odd modes, names git would trip over, size, dates. Must not:
know which paths are protected.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from forge_loop.git.changes import GITLINK, LINK, Change, blobs, sizes
from forge_loop.git.command import Git

MOST_BYTES = 10 * 1024 * 1024
MOST_LINK_BYTES = 4096
MOST_PATHS = 5000
MOST_AHEAD = 24 * 3600.0  # seconds that a commit may be dated ahead of the loop's clock

# Characters that some file systems drop, so that a name with them becomes `.git` (git's own list for HFS+).
_DROPPED = dict.fromkeys((*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))


def problems(git: Git, changed: Sequence[Change]) -> tuple[str, ...]:
    """Every reason why these changes cannot become a candidate."""
    if len(changed) > MOST_PATHS:
        return (f"it changes {len(changed)} files, more than {MOST_PATHS}",)
    kept = [change for change in changed if not change.deleted]
    found = [problem for change in kept for problem in (*_mode_problems(change), *_name_problems(change))]
    size = sizes(git, sorted({change.new_blob for change in kept if change.new_mode != GITLINK}))
    large = [change for change in kept if size.get(change.new_blob, 0) > MOST_BYTES]
    found += [f"{c.path!r} is {size[c.new_blob]} bytes, more than {MOST_BYTES}" for c in large]
    links = [change for change in kept if change.new_mode == LINK]
    targets = blobs(git, sorted({link.new_blob for link in links if size[link.new_blob] <= MOST_LINK_BYTES}))
    found += [f"the link {c.path!r} leaves the tree" for c in links if not _stays(c.raw, targets.get(c.new_blob))]
    return tuple(found)


def dated_ahead(git: Git, base_sha: str, head_sha: str, now: float) -> tuple[str, ...]:
    """A commit that says it is from the future: what is merged takes over its date, and so does all that follows."""
    dates = git.text("log", "--format=%ct", f"{base_sha}..{head_sha}").splitlines()
    ahead = max((int(date) for date in dates if date), default=0) - now
    return (f"a commit is dated {int(ahead // 3600)} hours ahead",) if ahead > MOST_AHEAD else ()


def _mode_problems(change: Change) -> Iterator[str]:
    # git shows each mode as a file, a link or, for everything else, a gitlink.
    if change.new_mode == GITLINK:
        yield f"{change.path!r} is a gitlink (a submodule)"


def _name_problems(change: Change) -> Iterator[str]:
    try:
        name = change.raw.decode()
    except UnicodeDecodeError:
        yield f"the name {change.path!r} is not UTF-8"
        return
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        yield f"the name {name!r} holds control characters"
    if any(_is_git(part) for part in name.split("/")):
        yield f"{name!r} stands inside a git directory"


def _is_git(part: str) -> bool:
    """Whether a file system somewhere takes this name for `.git`: by case, dropped characters or NTFS's own names."""
    bare = part.translate(_DROPPED).split(":")[0].rstrip(" .").casefold()
    return bare in (".git", "git~1")


def _stays(link: bytes, target: bytes | None) -> bool:
    """Whether a link's target stays in the tree, whatever other links it passes through.

    `..` may only lead: behind a name it could climb out of what that name, itself a link, points to.
    """
    if not target or target.startswith(b"/") or b"\\" in target:
        return False
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    climbs = next((index for index, part in enumerate(parts) if part != b".."), len(parts))
    depth = len([part for part in posixpath.dirname(link).split(b"/") if part])
    below = [part.decode("utf-8", "replace") for part in parts[climbs:]]
    return climbs <= depth and ".." not in below and not any(_is_git(part) for part in below)
