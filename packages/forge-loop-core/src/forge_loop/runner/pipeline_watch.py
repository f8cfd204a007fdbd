"""The pipeline's file while the loop runs: read again whenever it, or a brief beside it, has changed.

Owns: noticing that, and turning whatever is wrong into a rejected configuration. Must not: know what stands in the
file, or decide whom a new pipeline is for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from forge_loop.domain.pipeline import Pipeline
from forge_loop.errors import ConfigError, OperatorError

Facts = tuple[str, int, int, int]


class PipelineWatch:
    """`load` reads the file at `path`, or says what holds without one. Briefs lie anywhere below its directory."""

    def __init__(self, path: Path, load: Callable[[], Pipeline]) -> None:
        self._path = path
        self._load = load
        self._checkout = path.parent.parent / ".git"
        self._seen = self._look()

    def __call__(self) -> Pipeline | None:
        """The pipeline anew, or None while nothing changed. Raises ConfigError, once for each bad edit.

        Where the whole checkout is gone - a disk that is not mounted - its pipeline was not taken away by anybody.
        """
        found = self._look()
        if found == self._seen or (not found and not self._checkout.exists()):
            return None
        self._seen = found
        try:
            return self._load()
        except ConfigError:
            raise
        except OperatorError as error:
            raise ConfigError([f"{self._path}: {error}"]) from None

    def _look(self) -> frozenset[Facts]:
        """What changes whenever one of the files is written, replaced or removed; nothing where there is no file."""
        if not self._path.exists() and not self._path.is_symlink():
            return frozenset()
        return frozenset(_identities(self._path.parent))


def _identities(directory: Path) -> list[Facts]:
    found: list[Facts] = []
    for place, _, names in os.walk(directory):
        for name in names:
            path = Path(place, name)
            try:
                facts = path.stat()
            except OSError:
                found.append((str(path), 0, 0, 0))
            else:
                found.append((str(path), facts.st_mtime_ns, facts.st_size, facts.st_ino))
    return found
