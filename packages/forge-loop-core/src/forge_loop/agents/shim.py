"""The process one command of the operator lives in: `python -m forge_loop.agents.shim PARENT ARGV...`.

Owns: adopting whatever the command leaves behind, ending it, and dying with the loop. It exits as the command does.
Must not: touch the command's input or output.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from forge_loop.agents.ladder import END_SECONDS
from forge_loop.agents.processes import adopt_orphans, descendants, die_with_parent, end_all


def main() -> None:
    parent, *argv = sys.argv[1:]
    adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    die_with_parent(int(parent))
    try:
        status = subprocess.call(argv)
    finally:
        end_all(lambda: descendants(os.getpid()), within=END_SECONDS)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
