"""Secrets that a candidate would carry out: in its files, in what its history held meanwhile, in its messages.

Owns: what of a candidate is read for this, and one sentence a kind. Must not: show a secret, or blame a candidate for
one that its base holds in the same file.
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_loop.domain.secret_shapes import secrets_in
from forge_loop.git.changes import GITLINK, Change, blobs
from forge_loop.git.command import Git
from forge_loop.git.inspection import MOST_BYTES

AT_ONCE = 64 * 1024 * 1024


def leaks(git: Git, base_sha: str, head_sha: str, changed: Sequence[Change]) -> tuple[str, ...]:
    """Why these commits must not be pushed; empty where nothing in them looks like a secret."""
    old = [c.old_blob for c in changed if c.old_blob.strip("0") and c.old_mode != GITLINK]
    known = _secrets(git, _sizes(git, old))
    added = _sizes(git, _objects(git, base_sha, head_sha))
    found = [f"its history holds a file of {size} bytes" for size in added.values() if size > MOST_BYTES]
    held = _secrets(git, added) - known
    said = secrets_in(git.run("log", "--format=%an%n%ae%n%cn%n%ce%n%B", f"{base_sha}..{head_sha}").text)
    found += [f"it holds what looks like {what}" for what in sorted({what for what, _ in held})]
    found += [f"a commit message holds what looks like {what}" for what in sorted({what for what, _ in said})]
    return tuple(found)


def _objects(git: Git, base_sha: str, head_sha: str) -> Sequence[str]:
    """Everything that the candidate's history adds to base: what is taken out again is pushed with it."""
    return git.run("rev-list", "--objects", "--no-object-names", head_sha, f"^{base_sha}").text.splitlines()


def _sizes(git: Git, objects: Sequence[str]) -> dict[str, int]:
    """Those of the objects that are files, with their sizes."""
    words = "".join(f"{name}\n" for name in dict.fromkeys(objects))
    lines = git.run("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", stdin=words.encode()).text
    fields = [line.split(" ") for line in lines.splitlines()]
    return {name: int(size) for name, kind, size in fields if kind == "blob"}


def _secrets(git: Git, sizes: dict[str, int]) -> frozenset[tuple[str, str]]:
    """What looks like a secret in files of no more than MOST_BYTES, read some at a time."""
    found: set[tuple[str, str]] = set()
    waiting: list[str] = []
    for name, size in sizes.items():
        if size > MOST_BYTES:
            continue
        waiting.append(name)
        if sum(sizes[each] for each in waiting) >= AT_ONCE:
            found |= _read(git, waiting)
            waiting = []
    return frozenset(found | _read(git, waiting))


def _read(git: Git, names: Sequence[str]) -> set[tuple[str, str]]:
    texts = blobs(git, names).values() if names else ()
    return {each for text in texts for each in secrets_in(text.decode("utf-8", "replace"))}
