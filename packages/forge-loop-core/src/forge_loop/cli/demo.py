"""`forge-loop demo`: the whole loop on a sample repository.

Owns: its options, its place, how it is watched. Must not: play, or judge what came of it; `rehearsal` does.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from forge_loop.cli.ages import clock
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, shared
from forge_loop.domain.events import Recorded
from forge_loop.ports import EventSink
from forge_loop.rehearsal.demo import claude, rehearse
from forge_loop.rehearsal.stage import Stage, claim
from forge_loop.rehearsal.summary import Summary
from forge_loop.rehearsal.telling import banner, line, page


class Lines:
    """A sink: what a spectator wants to know, a line each."""

    def __init__(self, given: Invocation) -> None:
        self._given = given

    def emit(self, event: Recorded) -> None:
        said = line(event)
        if said is not None:
            self._given.output.say(f"{clock(event.at)} #{event.issue} {said}")


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Play in DIR and leave everything there.")
@click.option("--parallel", type=click.IntRange(min=1), default=3, show_default=True, help="Jobs at the same time.")
@click.option("--live", is_flag=True, help="Let your own Claude do the work; its outcome is whatever it is.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, keep: Path | None, parallel: int, live: bool) -> int:
    """See the whole loop on a sample repository: no account, no network; only the model is scripted."""
    with ExitStack() as stack:
        root = keep.absolute() if keep is not None else stack.enter_context(_scratch())
        stack.enter_context(_ended_like_interrupted())
        stage = claim(root)
        given.output.say(banner(claude(stage, given.environ), live=live), bold=True)
        summary = _play(given, stage, parallel=parallel, live=live)
        _tell(given, summary, keep)
    return 0 if summary.ok else 1


def _play(given: Invocation, stage: Stage, *, parallel: int, live: bool) -> Summary:
    with _watching(given) as watch:
        return rehearse(
            stage,
            parallel=parallel,
            live=live,
            environ=given.environ,
            watch=watch,
            on_fault=lambda where, error: given.output.say(f"warning: {where}: {error}", fg="yellow"),
        )


@contextmanager
def _watching(given: Invocation) -> Iterator[EventSink]:
    if given.output.is_live and not given.json:
        from forge_loop.cli.live import Board

        with Board() as board:
            yield board
    else:
        yield Lines(given)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="forge-loop-demo-", ignore_cleanup_errors=True) as directory:
        yield Path(directory) / "demo"


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """SIGTERM too ends the sessions and removes what was made."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(given: Invocation, summary: Summary, keep: Path | None) -> None:
    if given.json:
        given.output.document(summary.shape())
        return
    given.output.say("")
    for text in page(summary, kept=keep.resolve() if keep is not None else None):
        given.output.data(text)
    for problem in summary.problems:
        given.output.error(problem)
