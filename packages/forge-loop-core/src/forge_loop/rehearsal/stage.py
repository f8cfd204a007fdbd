"""Where a rehearsal takes place.

Owns: the directories below one root, and taking that root. Must not: put anything into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forge_loop.config.layout import StateLayout
from forge_loop.errors import OperatorError


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where a rehearsal takes place, below one directory."""

    root: Path

    @property
    def project(self) -> Path:
        """The operator's checkout."""
        return self.root / "larder"

    @property
    def layout(self) -> StateLayout:
        return StateLayout(self.root / "state")

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def merged(self) -> Path:
        """A clone of what was merged, in which its tests are run."""
        return self.root / "merged"


def claim(root: Path) -> Stage:
    """The stage at `root`, created. Raises OperatorError if something is there already."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise OperatorError(f"{str(root)!r} is not empty", hint="name a directory that does not exist yet")
    except OSError as error:
        raise OperatorError(
            f"{str(root)!r} cannot be used: {error.strerror}", hint="name a directory that does not exist yet"
        ) from None
    stage = Stage(root=root.resolve())
    stage.home.mkdir(mode=0o700)
    return stage
