"""Directories in each other, deeper than a path can be long.

Owns: making one. Must not: change where the tests' own process stands.
"""

from __future__ import annotations

import os
from pathlib import Path


def nested(root: Path, depth: int) -> Path:
    """`root`, with so many directories in each other below it and a file in the last."""
    root.mkdir()
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("last", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    return root
