"""The machine a benchmark ran on, in general terms: no names, no paths."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from forge_loop.database.place import filesystem


def describe(directory: Path) -> str:
    """One line about the machine and the disk that holds `directory`."""
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}), Linux {kernel}, "
        f"{filesystem(directory)}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
