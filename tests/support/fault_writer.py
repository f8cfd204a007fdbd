"""A program that writes to a database and says what it was promised: `fault_writer.py FILE COUNT`.

Owns: printing the number of each transaction once it returned, going on after a refusal as a restarted process would.
Must not: be imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

from forge_loop.database import Database
from forge_loop.errors import ForgeLoopError
from support.fault_syscalls import MARK
from support.notes import NOTES, note


def main(path: Path, count: int) -> None:
    database, number = None, 0
    Path(MARK).exists()
    for number in range(count):
        try:
            if database is None:
                database = Database(path, busy_timeout=1.0)
                database.migrate("notes", [NOTES])
            note(database, f"{number} ".ljust(600, "x"))
            print(number, flush=True)
        except ForgeLoopError as error:
            print(f"refused: {type(error).__name__}", flush=True)
            if database is not None:
                database.close()
            database = None


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
