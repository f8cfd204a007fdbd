"""Where everything stands inside a state directory.

Owns: the names of its files and directories. Must not: create or read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StateLayout:
    """The layout under `root`, an absolute path. Names are short: a socket's path has 108 bytes at most."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def events(self) -> Path:
        return self.root / "events.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / "loop.lock"

    @property
    def origin(self) -> Path:
        """The local forge's bare repository."""
        return self.root / "origin.git"

    @property
    def control(self) -> Path:
        """The loop's own bare repository."""
        return self.root / "control.git"

    @property
    def workspaces(self) -> Path:
        return self.root / "workspaces"

    def workspace(self, issue: int, job: int, purpose: str) -> Path:
        """A job's clone for a purpose: work, check, review, spec."""
        return self.workspaces / f"{issue}-{job}-{purpose}"

    @property
    def transcripts(self) -> Path:
        return self.root / "transcripts"

    @property
    def salvaged(self) -> Path:
        return self.root / "salvaged"

    @property
    def private(self) -> Path:
        """Private homes of sessions and commands."""
        return self.root / "private"
