"""What a candidate changes, entry by entry.

Owns: reading the difference of two trees, blobs and their sizes. Must not: judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from forge_loop.git.command import Git

LINK, GITLINK = "120000", "160000"
FILES = ("100644", "100755")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One path: `raw` as git keeps its name, `path` the same for people. A side that is absent has mode 000000."""

    raw: bytes
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str

    @property
    def path(self) -> str:
        return self.raw.decode("utf-8", "backslashreplace")

    @property
    def deleted(self) -> bool:
        return self.new_mode == "000000"


def changes(git: Git, base_sha: str, head_sha: str) -> tuple[Change, ...]:
    """The entries in which the two commits' trees differ, by path; a rename is a deletion and an addition."""
    fields = git.run("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", base_sha, head_sha).fields
    return tuple(_change(about, name) for about, name in zip(fields[::2], fields[1::2], strict=True))


def _change(about: bytes, name: bytes) -> Change:
    old_mode, new_mode, old_blob, new_blob, _ = about.decode().removeprefix(":").split()
    return Change(raw=name, old_mode=old_mode, new_mode=new_mode, old_blob=old_blob, new_blob=new_blob)


def lines_changed(git: Git, base_sha: str, head_sha: str) -> int:
    """Added and deleted lines together; binary files count nothing."""
    fields = git.run("diff-tree", "-r", "-z", "--numstat", "--no-renames", base_sha, head_sha).fields
    counts = [part for field in fields for part in field.split(b"\t", 2)[:2]]
    return sum(int(count) for count in counts if count != b"-")


def sizes(git: Git, blobs: Iterable[str]) -> Mapping[str, int]:
    """The size of each blob in bytes."""
    wanted = "".join(f"{blob}\n" for blob in blobs)
    answer = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=wanted.encode())
    return {blob: int(size) for blob, size in (line.split(" ") for line in answer.text.splitlines())}


def blobs(git: Git, wanted: Sequence[str]) -> Mapping[str, bytes]:
    """The contents of blobs that are known to be small enough to hold at once."""
    answer = git.run(
        "cat-file", "--batch=%(objectname) %(objectsize)", stdin="".join(f"{b}\n" for b in wanted).encode()
    )
    found, rest = {}, answer.stdout
    while rest:
        head, rest = rest.split(b"\n", 1)
        name, size = head.decode().split(" ")
        found[name], rest = rest[: int(size)], rest[int(size) + 1 :]
    return found
