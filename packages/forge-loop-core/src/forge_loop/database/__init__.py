"""One SQLite file: connections, the write gate, the flush, the wake-up, migrations.

Owns: how rows reach the disk and who may write when. Must not: know what any table means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.database.file import Database, Durability
    from forge_loop.database.read_only import ReadOnlyDatabase, open_read_only

__all__ = ["Database", "Durability", "ReadOnlyDatabase", "open_read_only"]

_HOMES = {
    "Database": "forge_loop.database.file",
    "Durability": "forge_loop.database.file",
    "ReadOnlyDatabase": "forge_loop.database.read_only",
    "open_read_only": "forge_loop.database.read_only",
}

__getattr__ = lazily(__name__, _HOMES)
