"""One life of a scenario's loop as a program of its own: `fault_life.py SCENARIO ROOT`.

Owns: saying where it begins, and one line of JSON at the end. Must not: be imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.fault_syscalls import MARK
from support.kill_points import SCENARIOS, live

if __name__ == "__main__":
    scenario, root = sys.argv[1:]
    Path(MARK).exists()
    print(json.dumps(live(SCENARIOS[scenario], Path(root))))
