"""The files that a loop stands on: its lock and its database, by what they are and not only by where they lie.

Owns: noticing that they were removed or replaced under the loop. Must not: put them back. Whoever goes on there works
beside the next loop, which finds the place free.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forge_loop.errors import OperatorError

Identity = tuple[int, int] | None


class Foothold:
    def __init__(self, paths: Sequence[Path]) -> None:
        self._seen = {path: identity(path) for path in paths}

    def is_firm(self) -> bool:
        """Whether every file is still the one that it was."""
        return not self._moved()

    def check(self) -> None:
        """Raise OperatorError unless every file is still the one that it was."""
        moved = self._moved()
        if moved:
            raise OperatorError(
                f"{str(moved[0])!r} was removed or replaced under the loop, which ends here and changes nothing more",
                hint="look at what is there now, then: forge-loop run",
            )

    def _moved(self) -> list[Path]:
        return [path for path, seen in self._seen.items() if seen is None or identity(path) != seen]


def identity(path: Path) -> Identity:
    """What stays with a file while it is renamed or written, and with no other; None where there is none."""
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
