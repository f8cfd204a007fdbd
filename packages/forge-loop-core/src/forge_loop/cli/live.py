"""Views that are redrawn in place.

Owns: the one use of rich. Must not: be imported unless a terminal shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType

from rich.live import Live
from rich.table import Table
from rich.text import Text

from forge_loop.cli.output import escaped, one_line
from forge_loop.domain.events import JobQueued, Recorded
from forge_loop.rehearsal.telling import line


def show_live(view: Callable[[], Sequence[str]], seconds: float) -> int:
    """Show what `view` says, again every so many seconds, until interrupted."""
    with Live(auto_refresh=False, screen=True) as live:
        while True:
            live.update(Text(escaped("\n".join(view()))), refresh=True)
            time.sleep(seconds)


class Board:
    """A sink: a row an issue, with the last thing that was said of it."""

    def __init__(self) -> None:
        self._live = Live(auto_refresh=False)
        self._titles: dict[int, str] = {}
        self._said: dict[int, str] = {}

    def __enter__(self) -> Board:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def emit(self, event: Recorded) -> None:
        said = line(event)
        if said is None or event.issue is None:
            return
        if event.kind == JobQueued.kind:
            self._titles[event.issue] = str(event.data["title"])
            said = "queued"
        self._said[event.issue] = said
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("issue", "title", "now"):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for issue in sorted(self._said):
            table.add_row(f"#{issue}", Text(one_line(self._titles.get(issue, ""))), Text(one_line(self._said[issue])))
        return table
