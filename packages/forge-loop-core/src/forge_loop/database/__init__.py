"""One SQLite file: connections, the write gate, the flush, the wake-up, migrations.

Owns: how rows reach the disk and who may write when. Must not: know what any table means.
"""

from forge_loop.database.file import Database, Durability
from forge_loop.database.read_only import ReadOnlyDatabase, open_read_only

__all__ = ["Database", "Durability", "ReadOnlyDatabase", "open_read_only"]
