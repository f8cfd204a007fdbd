"""What was given on the command line, before anything is looked at.

Owns: the values of the shared options and the way out. Must not: resolve them; `project` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_loop.cli.output import Output


@dataclass(kw_only=True, slots=True)
class Invocation:
    """Filled while the words are read: a shared option may stand before the command and after it; the later one wins.

    `words` are those that were typed, for errors that quote them.
    """

    output: Output
    environ: Mapping[str, str]
    words: tuple[str, ...] = ()
    directory: Path = Path()
    config_file: Path | None = None
    state_dir: Path | None = None
    verbose: bool = False
    json: bool = False
