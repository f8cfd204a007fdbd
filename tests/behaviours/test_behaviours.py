"""Scripted behaviours of every role through the real Claude Code, each to its typed outcome.

Many issues share one loop, three at a time: what one session does must not be seen in another's outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from behaviours.case import Case
from behaviours.critics import CRITICS
from behaviours.expanders import EXPANDERS
from behaviours.played import Played, check_one_story
from behaviours.stage import Stage
from behaviours.workers import WORKERS
from forge_loop.rehearsal.model import Answer

CASES = (*WORKERS, *CRITICS, *EXPANDERS)
pytestmark = pytest.mark.xdist_group("behaviours")


def marked(case: Case) -> object:
    marks = [] if case.often else [pytest.mark.long]
    return pytest.param(case, id=case.name.replace(" ", "-"), marks=marks)


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Played]]:
    """The cases that this run looks at, all played in one loop."""
    items = [item for item in request.session.items if item.module is request.module]  # type: ignore[attr-defined]
    wanted = {item.callspec.params["case"].name for item in items if hasattr(item, "callspec")}
    wanted |= {case.after for case in CASES if case.name in wanted and case.after is not None}
    stage = Stage(tmp_path_factory.mktemp("behaviours"))
    try:
        numbers: dict[str, int] = {}
        for case in CASES:
            if case.name in wanted:
                numbers[case.name] = enter(stage, case, numbers)
        stage.play()
        assert stage.model.failures == []
        assert stage.faults == []
        yield {name: stage.played(number) for name, number in numbers.items()}
    finally:
        stage.close()


def enter(stage: Stage, case: Case, numbers: Mapping[str, int]) -> int:
    worker = case.worker if case.after is None else waiting_for(stage.merges.of(numbers[case.after]), case.worker)
    answers = {"worker": worker, "critic": case.critic}
    return stage.issue(case.name, answers | ({"po": case.po} if case.po else {}), text=case.body)


def waiting_for(merged: threading.Event, answer: Answer) -> Answer:
    return lambda request: replace(answer(request), until=merged)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_behaviour_ends_in_its_typed_outcome(case: Case, played: Mapping[str, Played]) -> None:
    found, ends = played[case.name], case.ends
    check_one_story(found)
    assert (found.job.state, found.job.reason) == (ends.state, found.job.reason), found.job.reason
    assert ends.says in (found.job.reason or "")
    assert (found.attempts[-1].failure_kind, found.charged) == (ends.kind, ends.charged)
    assert (found.job.round, len(found.sessions)) == (ends.rounds, ends.sessions)
    assert [kind for kind in ends.tells if kind not in found.kinds] == []
    case.proof(found)
