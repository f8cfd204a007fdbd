"""Limits, outages and refused accounts through the real Claude Code: the loop waits, and no attempt pays for it.

Each is played over one job, first at the worker and then at the critic, until the loop rests; in between the clock is
put on, or the operator resumes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from behaviours.outages import OUTAGES, Account, Outage
from behaviours.played import check_one_story
from behaviours.stage import Stage, role_of
from behaviours.workers import SAVE, does
from forge_loop.domain.job import JobState, SessionRow
from forge_loop.domain.limits import LONGEST_JITTER
from forge_loop.domain.recorded import rfc3339
from forge_loop.domain.retry import FIRST_DELAY
from forge_loop.rehearsal.model import Answer, Reply, Request
from forge_loop.store import LoopRow
from support.scripted import critic

pytestmark = [pytest.mark.timeout(600)]
HEARD_WITHIN = timedelta(seconds=60)


@dataclass
class Service:
    """The model's service: to the sessions of the role `down` it fails as the outage says."""

    outage: Outage
    stage: Stage
    down: str = ""

    def over(self, answer: Answer) -> Answer:
        def said(request: Request) -> Reply:
            down = role_of(request) == self.down
            return self.outage.said(self.stage.clock.now()) if down else answer(request)

        return said


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def marked(outage: Outage) -> object:
    marks = [] if outage.often else [pytest.mark.long]
    return pytest.param(outage, id=outage.name.replace(" ", "-"), marks=marks)


@pytest.mark.parametrize("outage", [marked(outage) for outage in OUTAGES])
def test_an_outage_waits_charges_nothing_and_the_session_goes_on(outage: Outage, stage: Stage) -> None:
    service = Service(outage, stage, "worker")
    number = stage.issue("say hello", {"worker": service.over(does(SAVE)), "critic": service.over(critic())})
    stage.life()
    check_waiting(stage, outage, JobState.WORKING)
    stage.life()  # Started anew with nothing changed, the loop waits on; a halt, too, ends with the operator's word.
    check_waiting(stage, outage, JobState.WORKING)
    assert len(sessions(stage)) == 1
    service.down = "critic"
    let_go(stage, outage)
    stage.life()
    check_waiting(stage, outage, JobState.REVIEWING)
    service.down = ""
    let_go(stage, outage)
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert (found.job.state, found.charged, len(found.attempts)) == (JobState.MERGED, 0, 1)
    assert len({row.session for row in found.of("worker")}) == 1, "the same conversation went on"
    assert stage.faults == []


def sessions(stage: Stage) -> list[SessionRow]:
    found: list[SessionRow] = stage.reads(lambda store: store.sessions.select())
    return found


def check_waiting(stage: Stage, outage: Outage, at: JobState) -> None:
    """Everybody is told the same: the loop's row, the job's, and the event."""
    loop: LoopRow = stage.reads(lambda store: store.loop())
    (job,) = stage.live_jobs()
    assert (job.state, job.resume_state, job.attempts) == (JobState.PARKED, at, 0)
    assert outage.says in (job.reason or "")
    if outage.account is Account.HALTED:
        assert outage.says in (loop.halt_reason or "")
        assert (loop.parked_until, job.not_before) == (None, None)
        return
    assert (loop.halt_reason, loop.parked_until) == (None, job.not_before)
    assert loop.parked_until is not None
    told = [event for event in stage.events() if event.kind == "loop.parked"][-1]
    assert told.data["until"] == rfc3339(loop.parked_until)
    least, most = waits(outage)
    assert least <= loop.parked_until - told.at <= most


def waits(outage: Outage) -> tuple[timedelta, timedelta]:
    """The shortest and the longest time that the loop may wait for the account."""
    if outage.resets_in is not None:
        # The service named it in whole seconds, some seconds before it was heard.
        return outage.resets_in - HEARD_WITHIN, outage.resets_in + LONGEST_JITTER
    return FIRST_DELAY * 0.9, FIRST_DELAY * 2 * 1.1


def let_go(stage: Stage, outage: Outage) -> None:
    """What ends the wait: time, or the operator."""
    if outage.account is Account.HALTED:
        stage.asks("resume")
        return
    (job,) = stage.live_jobs()
    assert job.not_before is not None
    stage.clock.ahead += job.not_before - stage.clock.now() + timedelta(seconds=1)
