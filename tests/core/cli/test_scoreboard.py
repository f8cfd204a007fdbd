"""The rehearsal's table on a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from forge_loop.cli.scoreboard import Scoreboard
from forge_loop.domain.recorded import Recorded


def event(kind: str, *, issue: int | None = 7, **data: Any) -> Recorded:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    job = issue
    return Recorded(seq=1, at=at, kind=kind, repo="r", issue=issue, job=job, attempt=1, session=None, data=data)


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=False)


def drawn(board: Scoreboard, screen: Console) -> list[str]:
    with screen.capture() as capture:
        screen.print(board.table())
    return capture.get().splitlines()


def test_an_issue_has_one_row_with_its_stage_and_what_was_said_last(screen: Console) -> None:
    board = Scoreboard(live=False, console=screen)
    board.emit(event("job.queued", title="Scale recipes", priority=2))
    board.emit(event("job.advanced", before="queued", after="reviewing", reason=None))
    finding: dict[str, Any] = {"finding": 1, "severity": "sev2", "category": "tests", "file": None, "line": 1}
    board.emit(event("finding.opened", **finding, message="no test has it"))
    (row,) = [line for line in drawn(board, screen) if "#7" in line]
    assert "Scale recipes" in row
    assert "reviewing" in row
    assert "sev2 tests: no test has it" in row


def test_rows_stand_in_the_order_of_the_numbers(screen: Console) -> None:
    board = Scoreboard(live=False, console=screen)
    for number in (11, 2):
        board.emit(event("job.queued", issue=number, title=f"Title {number}", priority=2))
    assert [line.split()[0] for line in drawn(board, screen) if "#" in line] == ["#2", "#11"]


def test_what_a_terminal_would_act_on_is_shown_escaped(screen: Console) -> None:
    board = Scoreboard(live=False, console=screen)
    board.emit(event("job.queued", title="evil \x1b[2J [bold]title", priority=2))
    text = "\n".join(drawn(board, screen))
    assert "\x1b" not in text
    assert "evil \\x1b[2J [bold]title" in text


@pytest.mark.parametrize("live", [True, False])
def test_who_pays_is_said_only_of_a_real_claude(screen: Console, live: bool) -> None:
    board = Scoreboard(live=live, console=screen)
    with screen.capture() as capture:
        board.emit(event("loop.started", issue=None, pid=1, version="0", pays="paid by the subscription"))
    assert ("paid by the subscription" in capture.get()) is live


def test_nothing_is_drawn_of_an_issue_before_it_is_a_job(screen: Console) -> None:
    board = Scoreboard(live=False, console=screen)
    board.emit(event("job.advanced", before="queued", after="working", reason=None))
    assert [line for line in drawn(board, screen) if "#" in line] == []
