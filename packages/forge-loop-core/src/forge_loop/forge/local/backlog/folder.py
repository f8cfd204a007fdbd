"""The `backlog/` directory: which files are issues, and replacing one.

Owns: file names, numbers, the order of the folders, safe reading and writing. Must not: interpret an issue.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forge_loop.errors import UnreadableError
from forge_loop.forge.local.backlog.issue_file import MOST_BYTES, IssueFile, Unusable, parse
from forge_loop.forge.local.backlog.reading import number_of
from forge_loop.git.plain_file import open_plain

LIVE = "tasks"
# Where a number may stand that is no longer live; the first that has it answers.
ENDED = ("completed", "archive/tasks")
DRAFTS = "drafts"
SCANS = 3
MOST_KNOWN = 20_000
SETTLED_NS = 100_000_000

Signature = tuple[int, int, int, int]

_NAME = re.compile(r"[A-Za-z]+-(\d{1,9})((?:\.\d+)*)(?: - .*)?\.md", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A file that holds, or should hold, issue `number`: read, or the `problem` why not. `owner` is a user's id."""

    number: int
    path: Path
    owner: int
    written_at: datetime
    file: IssueFile | None
    problem: str | None = None


class Folder:
    """What a file was found to be is kept until the file changes: most of them do not from one look to the next."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[Path, tuple[Signature, Found | str]] = {}

    def lock(self, issue: str) -> Path:
        """The lock of the issue with this id, e.g. TASK-7."""
        return self.root / ".locks" / f"task-{issue.lower()}"

    def live(self) -> list[Found]:
        """Every file in tasks/ that is an issue. Raises UnreadableError."""
        return [entry for entry in self._scan(LIVE, lambda _: True) if isinstance(entry, Found)]

    def ignored(self) -> list[str]:
        """The files in tasks/ that are no issues of the loop's, each with the reason."""
        return [entry for entry in self._scan(LIVE, lambda _: True) if isinstance(entry, str)]

    def holding(self, number: int) -> tuple[list[Found], bool]:
        """The files of one number, and whether they are live: tasks/ first, then where ended ones go."""
        for place in (LIVE, *ENDED):
            entries = self._scan(place, lambda path: _named(path) in (None, number))
            if found := [entry for entry in entries if isinstance(entry, Found) and entry.number == number]:
                return found, place == LIVE
        return [], False

    def highest(self) -> int:
        """The highest number in use anywhere, archived and drafted ones too; 0 if there is none."""
        numbers = [_named(path) for place in (LIVE, DRAFTS, *ENDED) for path in self._names(place)]
        ids = [entry.number for entry in self.live()]
        return max((number for number in (*numbers, *ids) if number is not None), default=0)

    def _scan(self, place: str, wanted: Callable[[Path], bool]) -> list[Found | str]:
        """What the wanted files of a folder are. If one moves meanwhile all are looked at again; none is left out."""
        for _ in range(SCANS):
            try:
                return [self._look(path) for path in self._names(place) if wanted(path)]
            except FileNotFoundError:
                continue
        raise UnreadableError(f"{str(self.root / place)!r} keeps changing while it is read")

    def _look(self, path: Path) -> Found | str:
        signature = _signature(path.lstat())
        known = self._known.get(path)
        if known is not None and known[0] == signature:
            return known[1]
        found = _look(path)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        if _is_settled(signature) and _signature(path.lstat()) == signature:
            self._known[path] = (signature, found)
        return found

    def _names(self, place: str) -> list[Path]:
        directory = self.root / place
        try:
            return sorted(entry for entry in directory.iterdir() if entry.suffix == ".md")
        except FileNotFoundError as error:
            if place != LIVE:
                return []
            raise UnreadableError(f"there is no {str(directory)!r}", hint="forge-loop init") from error
        except OSError as error:
            raise UnreadableError(f"{str(directory)!r} cannot be read: {error.strerror}") from error


def read_plainly(path: Path) -> tuple[os.stat_result, bytes]:
    """A plain file's bytes and status. Raises Unusable for links, pipes and what may not be read."""
    try:
        with open_plain(path) as stream:
            return os.fstat(stream.fileno()), stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unusable(f"{path.name} cannot be opened as a plain file: {error.strerror}") from error


def replace_file(path: Path, raw: bytes) -> None:
    """Put `raw` in the file's place in one step, with the mode it had."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    mode = stat.S_IMODE(path.lstat().st_mode) if path.exists() else 0o644
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(raw)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _signature(status: os.stat_result) -> Signature:
    """What changes with every change of a file, as far as the clock of the file system tells two moments apart."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_settled(signature: Signature) -> bool:
    """Whether a later change is sure to bear another time."""
    return time.time_ns() - signature[3] > SETTLED_NS


def _named(path: Path) -> int | None:
    """The number that a file's name claims; None where the name says nothing."""
    named = _NAME.fullmatch(path.name)
    return int(named[1]) if named and not named[2] else None


def _look(path: Path) -> Found | str:
    """What a file is: an issue, or the reason why it is none of the loop's."""
    named = _NAME.fullmatch(path.name)
    if named and named[2]:
        return f"{path.name} is a sub-task; the loop works on whole issues only"
    status, file, problem = path.lstat(), None, None
    try:
        status, raw = read_plainly(path)
        file = parse(path.name, raw)
    except Unusable as reason:
        problem = str(reason)
    number = int(named[1]) if named else None if file is None else number_of(file)
    if number is None:
        return problem or f"{path.name} has no id"
    written_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Found(number=number, path=path, owner=status.st_uid, written_at=written_at, file=file, problem=problem)
