"""Directories in each other, deeper than a path can be long.

Owns: making one, and taking it away again: pytest's own cleaning would fail at it. Must not: change where the tests'
own process stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forge_loop.git.removal import remove_tree


@contextmanager
def nested(root: Path, depth: int) -> Iterator[Path]:
    """`root`, with so many directories in each other below it and a file in the last; gone after the block."""
    root.mkdir()
    try:
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        for _ in range(depth):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("last", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        yield root
    finally:
        remove_tree(root)
