"""`forge-loop demo`: the whole loop on a sample repository.

Owns: its options, its place, how it is watched. Must not: play, or judge what came of it; `rehearsal` does.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.cli.output import Output, one_line
from forge_loop.domain.recorded import Recorded
from forge_loop.git.removal import remove_tree
from forge_loop.ports import EventSink
from forge_loop.rehearsal.demo import claude, rehearse
from forge_loop.rehearsal.stage import Stage, claim
from forge_loop.rehearsal.summary import Summary
from forge_loop.rehearsal.telling import banner, line, page, pays


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Play in DIR and leave everything there.")
@click.option("--parallel", type=click.IntRange(1, 16), default=3, show_default=True, help="Jobs at the same time.")
@click.option("--live", is_flag=True, help="Let your own Claude do the work; its outcome is whatever it is.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, keep: Path | None, parallel: int, live: bool) -> int:
    """See the whole loop on a sample repository: no account, no network; only the model is scripted.

    Ends with 0 only if merged main passes its own tests and what the critic blocked is not in it.
    """
    with _place(keep) as place, _ended_like_interrupted():
        stage = claim(place.root)
        given.output.say(banner(claude(stage, given.environ), live=live), bold=True)
        summary = _play(given, stage, parallel=parallel, live=live)
        place.kept = place.kept or not summary.ok
        _tell(given, summary, kept=stage.root if place.kept else None)
    return 0 if summary.ok else 1


def _play(given: Invocation, stage: Stage, *, parallel: int, live: bool) -> Summary:
    with _watching(given.output, live=live) as watch:
        return rehearse(
            stage,
            parallel=parallel,
            live=live,
            environ=given.environ,
            watch=watch,
            on_fault=lambda where, error: given.output.say(f"warning: {where}: {error}", fg="yellow"),
        )


def _tell(given: Invocation, summary: Summary, *, kept: Path | None) -> None:
    if given.json:
        given.output.document(summary.shape())
    else:
        given.output.say("")
        given.output.data("\n".join(page(summary, kept=kept)))
    for problem in summary.problems:
        given.output.error(problem)
    if summary.problems:
        given.output.say(f"everything is left in {kept}")


@dataclass(kw_only=True, slots=True)
class _Place:
    root: Path
    kept: bool


@contextmanager
def _place(keep: Path | None) -> Iterator[_Place]:
    """A directory that goes when the demo does, unless it was asked to stay or shows what failed."""
    root = keep.absolute() if keep is not None else Path(tempfile.mkdtemp(prefix="forge-loop-demo-"))
    place = _Place(root=root, kept=keep is not None)
    try:
        yield place
    finally:
        if not place.kept:
            remove_tree(root)


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """SIGTERM too ends the sessions and removes what was made."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _watching(output: Output, *, live: bool) -> AbstractContextManager[EventSink]:
    if output.is_live:
        from forge_loop.cli.scoreboard import Scoreboard

        return Scoreboard(live=live)
    return nullcontext(Lines(output, live=live))


class Lines(EventSink):
    """A sink: what a spectator wants to know, a line each, with the seconds since the start."""

    def __init__(self, output: Output, *, live: bool) -> None:
        self._output = output
        self._live = live
        self._began = time.monotonic()

    def emit(self, event: Recorded) -> None:
        if self._live and (payer := pays(event)):
            self._output.say(payer)
        elif said := line(event):
            self._output.say(f"{time.monotonic() - self._began:6.1f} s  #{event.issue}  {one_line(said)}")
