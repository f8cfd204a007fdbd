"""A text that is redrawn in place.

Owns: showing it again and again. Must not: be imported unless a terminal shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.live import Live
from rich.text import Text

from forge_loop.cli.output import escaped


def show_live(view: Callable[[], Sequence[str]], seconds: float) -> int:
    """Show what `view` says, again every so many seconds, until interrupted."""
    with Live(auto_refresh=False, screen=True) as live:
        while True:
            live.update(Text(escaped("\n".join(view()))), refresh=True)
            time.sleep(seconds)
