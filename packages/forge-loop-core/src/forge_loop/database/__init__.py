"""One SQLite file: connections, the write gate, the flush, the wake-up, migrations.

Owns: how rows reach the disk and who may write when. Must not: know what any table means.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_loop.database.file import Database, Durability
    from forge_loop.database.read_only import ReadOnlyDatabase, open_read_only

__all__ = ["Database", "Durability", "ReadOnlyDatabase", "open_read_only"]

# Each is loaded when it is first asked for (PEP 562): whoever only looks does not pay for what writes.
_HOMES = {
    "Database": "forge_loop.database.file",
    "Durability": "forge_loop.database.file",
    "ReadOnlyDatabase": "forge_loop.database.read_only",
    "open_read_only": "forge_loop.database.read_only",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
