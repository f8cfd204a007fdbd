"""F3: the reply to a write is lost after the write was done, at every write there is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_loop.errors import UnreadableError
from support.fault_patience import run_to_the_end
from support.fault_place import quick_place
from support.fault_replies import Replies
from support.kill_points import SCENARIOS, lay_out, open_scenario, violations

ERRORS: dict[str, Callable[[], Exception]] = {
    "timeout": lambda: TimeoutError("no answer came"),
    "unreadable": lambda: UnreadableError("502 after the commit"),
}
LEAST_WRITES = {"merged": 12, "revised": 17, "handed over": 12, "conflict": 26}


@pytest.fixture
def place() -> Iterator[Path]:
    with quick_place() as found:
        yield found


def play(scenario: str, place: Path, replies: Replies) -> list[str]:
    """One life in a copy of the scenario; what is wrong at its end."""
    root = place / "life"
    shutil.copytree(place / "fresh", root)
    world = open_scenario(SCENARIOS[scenario], root)
    replies.wrap(world.context)
    run_to_the_end(world)
    found = list(violations(SCENARIOS[scenario], world, faulty=True))
    world.close()
    shutil.rmtree(root)
    return found


def points(scenario: str, place: Path) -> int:
    """How many writes a life has in which every reply arrives."""
    lay_out(SCENARIOS[scenario], place / "fresh")
    whole = Replies()
    assert play(scenario, place, whole) == []
    return len(whole.writes)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_reply_that_is_lost_after_any_write_doubles_nothing(scenario: str, place: Path) -> None:
    writes = points(scenario, place)
    fired, bad = 0, []
    for nth in range(1, writes + 1):
        kind = sorted(ERRORS)[nth % 2]  # the other half is behind --long
        replies = Replies(nth=nth, error=ERRORS[kind])
        bad += [f"{kind} after write {nth} ({replies.lost}): {text}" for text in play(scenario, place, replies)]
        fired += len(replies.lost) == 1
    print(f"F3 {scenario}: {fired} of {writes} lost replies fired")
    assert bad == []
    assert fired == writes >= LEAST_WRITES[scenario]


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_replies_lost_three_times_in_a_row_double_nothing(scenario: str, kind: str, place: Path) -> None:
    writes = points(scenario, place)
    fired, bad = 0, []
    for nth in range(1, writes + 1):
        replies = Replies(nth=nth, error=ERRORS[kind], more=2)
        bad += [f"{kind} after write {nth} ({replies.lost}): {text}" for text in play(scenario, place, replies)]
        fired += bool(replies.lost)
    print(f"F3 {scenario}, {kind}, repeated: {fired} of {writes} lost replies fired")
    assert bad == []
    assert fired == writes
