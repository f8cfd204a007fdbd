"""`python -m forge_loop`: the command line where the console script is not on PATH.

Owns: nothing. Must not: do more than call the command line.
"""

import sys

if __name__ == "__main__":
    from forge_loop.cli.main import main

    sys.exit(main())
