"""The rehearsal on a terminal: a row for every issue, redrawn in place.

Owns: that table. Must not: be imported unless a terminal shows it (rich costs time), or decide what an event means.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from forge_loop.cli.output import one_line
from forge_loop.domain.events import JobQueued
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.ports import EventSink
from forge_loop.rehearsal.summary import state_after
from forge_loop.rehearsal.telling import line, pays, words

TITLE = 46  # the longest of the sample's titles


@dataclass(kw_only=True, slots=True)
class Row:
    title: str
    state: JobState = JobState.QUEUED
    said: str = ""


class Scoreboard(EventSink):
    """An event sink that draws what it hears."""

    def __init__(self, *, live: bool, console: Console | None = None) -> None:
        self._pays = live
        self._console = console or Console(stderr=True)
        self._rows: dict[int, Row] = {}
        self._began = time.monotonic()
        self._live = Live(console=self._console, get_renderable=self.table, refresh_per_second=4)

    def __enter__(self) -> Scoreboard:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def emit(self, event: Recorded) -> None:
        if self._pays and (payer := pays(event)):
            self._console.print(Text(one_line(payer)))
        if event.issue is None or event.job is None:
            return
        if event.kind == JobQueued.kind:
            self._rows[event.issue] = Row(title=one_line(event.data["title"]))
        row = self._rows.get(event.issue)
        said = line(event)
        if row is not None and said is not None:
            row.state = state_after(event) or row.state
            row.said = "" if event.kind == JobQueued.kind else one_line(said)

    def table(self) -> Table:
        """The table as it stands now."""
        table = Table(box=None, pad_edge=False, expand=True, title_justify="left", title_style="dim")
        table.title = f"{time.monotonic() - self._began:.0f} s"
        table.add_column("issue", width=5, justify="right")
        table.add_column("title", width=TITLE, no_wrap=True, overflow="ellipsis")
        table.add_column("stage", width=11, no_wrap=True)
        table.add_column("last", ratio=1, no_wrap=True, overflow="ellipsis")
        for number, row in sorted(self._rows.items()):
            table.add_row(
                f"#{number}", Text(row.title), Text(words(row.state), style=_style(row.state)), Text(row.said)
            )
        return table


def _style(state: JobState) -> str:
    if state is JobState.MERGED:
        return "green"
    if state.terminal:
        return "yellow"
    return "cyan" if state.active else "dim"
