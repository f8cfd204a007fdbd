"""Removing what an agent left behind.

Owns: removing a tree whatever its modes and its depth are, without following a link. Must not: raise because it is gone
already.
"""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from forge_loop.git.walking import flatten


def remove_tree(path: Path) -> None:
    """Remove a directory, or the file or link that stands in its place; absent is fine."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        path.unlink()
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        # Without rights, too deep for the path or for the descriptors: made easy, and then once more.
        flatten(path)
        shutil.rmtree(path)
