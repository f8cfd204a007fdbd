"""One complete answer to "why isn't it running?", for every state of a job and every reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from forge_loop.domain.explain import ExplainFacts, explain
from forge_loop.domain.job import JobState
from forge_loop.domain.reason import Reason
from support.samples import NOW, job

LATER = NOW + timedelta(hours=1)
PAUSED = Reason(code="paused", text="the loop is paused")
HALTED = Reason(code="halted", text="dispatch is halted: log in")
CAPPED = Reason(code="jobs_per_hour", text="20 jobs were taken in", until=LATER)
TERMINAL = [state for state in JobState if state.terminal]
ACTIVE = [state for state in JobState if state.active]
WAITING = [JobState.COOLING, JobState.PARKED]

# Every code that intake refuses with, and a word of what the operator is told to do about it.
CURES = {
    "unreadable": "mend",
    "closed": "mend",
    "not_approved": "forge-loop issue approve 42",
    "approver_unknown": "mend",
    "approver_not_trusted": "mend",
    "blocked_label": "forge-loop issue approve 42",
    "edited": "forge-loop issue approve 42",
    "hidden_text": "forge-loop issue approve 42 --accept-hidden",
    "blocked_by": "mend",
    "blocker_unknown": "mend",
}
QUIET = ExplainFacts(
    issue=42,
    title="Add a greeting",
    job=None,
    approval_live=False,
    intake=(),
    caps=(),
    dispatch=(),
    loop_running=True,
    slots_used=0,
    slots_total=3,
    role=None,
    base_problem=None,
)


def refused(*codes: str) -> tuple[Reason, ...]:
    return tuple(Reason(code=code, text=f"because of {code}") for code in codes)


def codes(facts: ExplainFacts) -> list[str]:
    return [reason.code for reason in explain(facts).reasons]


@pytest.mark.parametrize("code", CURES)
def test_each_reason_of_intake_is_told_with_what_cures_it(code: str) -> None:
    answer = explain(replace(QUIET, intake=refused(code)))
    assert [reason.text for reason in answer.reasons] == [f"because of {code}"]
    assert CURES[code] in answer.next
    assert (answer.state, answer.running) == (None, False)


def test_everything_that_speaks_against_an_issue_is_told_at_once() -> None:
    worst = replace(
        QUIET,
        intake=refused(*CURES),
        caps=(CAPPED,),
        dispatch=(PAUSED, HALTED),
        loop_running=False,
        base_problem="base has diverged",
    )
    told = ["loop_not_running", "jobs_per_hour", "paused", "halted", "base_diverged"]
    assert codes(worst) == [*CURES, *told]


def test_an_eligible_issue_waits_for_the_next_tick() -> None:
    assert codes(QUIET) == ["eligible"]
    assert explain(QUIET).next == "it becomes a job at the next tick"


def test_an_eligible_issue_waits_for_a_loop() -> None:
    answer = explain(replace(QUIET, loop_running=False))
    assert ([reason.code for reason in answer.reasons], answer.next) == (["loop_not_running"], "forge-loop run")


def test_an_eligible_issue_waits_for_a_cap_and_is_told_until_when() -> None:
    answer = explain(replace(QUIET, caps=(CAPPED,)))
    assert answer.reasons == (CAPPED,)
    assert answer.next == "it becomes a job once the cap allows it"


def test_an_unread_tracker_is_not_known_and_never_eligible() -> None:
    assert codes(replace(QUIET, intake=None)) == ["unknown"]
    stopped = explain(replace(QUIET, intake=None, loop_running=False))
    assert [reason.code for reason in stopped.reasons] == ["unknown", "loop_not_running"]
    assert stopped.next == "forge-loop doctor --only tracker says what is wrong with it"


@pytest.mark.parametrize("state", ACTIVE)
def test_a_job_at_work_says_who_is_at_it(state: JobState) -> None:
    at_work = replace(QUIET, job=job(state=state, round=2), approval_live=True, role="critic", dispatch=(PAUSED,))
    answer = explain(at_work)
    assert (answer.state, answer.running) == (state, True)
    assert [(reason.code, reason.text) for reason in answer.reasons] == [
        (str(state), f"it is {state}, round 2: the critic is at it")
    ]
    assert "between two sessions" in explain(replace(at_work, role=None)).reasons[0].text


@pytest.mark.parametrize("state", ACTIVE)
def test_a_job_at_work_does_not_run_without_a_loop(state: JobState) -> None:
    answer = explain(replace(QUIET, job=job(state=state), approval_live=True, loop_running=False))
    assert not answer.running
    assert [reason.code for reason in answer.reasons] == ["loop_not_running", str(state)]
    assert "forge-loop run" in answer.next


def test_a_queued_job_waits_to_be_claimed() -> None:
    queued = replace(QUIET, job=job(), approval_live=True)
    assert codes(queued) == ["queued"]
    assert explain(queued).next == "a free slot claims it"


def test_a_queued_job_is_told_everything_it_waits_for() -> None:
    waiting = replace(QUIET, job=job(), approval_live=True, dispatch=(PAUSED, HALTED), slots_used=3, loop_running=False)
    assert codes(waiting) == ["loop_not_running", "paused", "halted", "no_free_slot"]


@pytest.mark.parametrize(("used", "total", "full"), [(2, 3, False), (3, 3, True), (4, 3, True), (0, 0, False)])
def test_slots_are_taken_when_all_are(used: int, total: int, full: bool) -> None:
    waiting = replace(QUIET, job=job(), approval_live=True, slots_used=used, slots_total=total)
    assert ("no_free_slot" in codes(waiting)) is full


@pytest.mark.parametrize("state", WAITING)
def test_a_job_that_waits_says_why_and_until_when(state: JobState) -> None:
    resting = job(state=state, reason="the usage limit", not_before=LATER)
    answer = explain(replace(QUIET, job=resting, approval_live=True, dispatch=(PAUSED,)))
    assert answer.reasons == (PAUSED, Reason(code=str(state), text=f"it is {state}: the usage limit", until=LATER))
    assert "when the wait is over" in answer.next
    assert not answer.running


@pytest.mark.parametrize("state", TERMINAL)
def test_an_ended_job_says_how_it_ended(state: JobState) -> None:
    answer = explain(replace(QUIET, job=job(state=state, reason="as it happened"), approval_live=True, intake=None))
    assert [(reason.code, reason.text) for reason in answer.reasons] == [(str(state), "as it happened")]
    done = state is JobState.MERGED
    assert answer.next == ("nothing: it is done" if done else "forge-loop issue approve 42 starts it again")
    assert (answer.state, answer.running) == (state, False)


@pytest.mark.parametrize("state", TERMINAL)
def test_an_ended_job_whose_issue_is_approved_anew_is_about_to_become_another_job(state: JobState) -> None:
    anew = replace(QUIET, job=job(state=state, reason="as it happened"), approval_live=False)
    assert codes(anew) == ["eligible", f"was_{state}"]
    assert explain(anew).next == "it becomes a job at the next tick"


@pytest.mark.parametrize("state", [state for state in TERMINAL if state is not JobState.MERGED])
def test_an_ended_job_whose_approval_is_gone_tells_both(state: JobState) -> None:
    gone = replace(QUIET, job=job(state=state, reason="as it happened"), approval_live=False)
    assert codes(replace(gone, intake=refused("not_approved"))) == ["not_approved", f"was_{state}"]
    assert codes(replace(gone, intake=None)) == ["unknown", f"was_{state}"]


@pytest.mark.parametrize("intake", [None, refused("closed", "not_approved")])
def test_what_is_merged_and_not_approved_anew_is_done(intake: tuple[Reason, ...] | None) -> None:
    merged = replace(QUIET, job=job(state=JobState.MERGED, reason="merged as 1234567"), intake=intake)
    assert codes(merged) == ["merged"]
    assert explain(merged).next == "nothing: it is done"


@pytest.mark.parametrize("state", JobState)
def test_a_base_that_has_diverged_concerns_what_has_not_ended(state: JobState) -> None:
    diverged = replace(QUIET, job=job(state=state), approval_live=True, base_problem="base has diverged")
    assert ("base_diverged" in codes(diverged)) is not state.terminal


def every_situation() -> list[ExplainFacts]:
    jobs = [None, *(job(state=state, reason=reason) for state in JobState for reason in (None, "why"))]
    intakes: list[tuple[Reason, ...] | None] = [None, (), *(refused(code) for code in CURES)]
    rest = product((False, True), ((), (CAPPED,)), ((), (PAUSED,)), (False, True))
    return [
        replace(QUIET, job=made, intake=intake, approval_live=live, caps=caps, dispatch=shut, loop_running=running)
        for made, intake, (live, caps, shut, running) in product(jobs, intakes, list(rest))
    ]


def test_there_is_always_a_reason_and_always_a_next_step() -> None:
    for facts in every_situation():
        answer = explain(facts)
        assert answer.reasons, facts
        assert answer.next, facts
        assert len(set(answer.reasons)) == len(answer.reasons), facts
        for reason in answer.reasons:
            assert reason.text, facts
            assert "None" not in reason.text, facts


def test_without_a_loop_nothing_runs_and_whatever_has_not_ended_says_so() -> None:
    for facts in every_situation():
        if facts.loop_running:
            continue
        answer = explain(facts)
        assert not answer.running
        ended = facts.job is not None and facts.job.state.terminal
        assert ended or "loop_not_running" in {reason.code for reason in answer.reasons}, facts


def test_every_refusal_of_intake_is_in_the_answer_until_there_is_a_job() -> None:
    for facts in every_situation():
        if facts.job is None:
            assert {reason.code for reason in explain(facts).reasons} >= {reason.code for reason in facts.intake or ()}


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.COOLING])
def test_a_job_that_meets_another_is_told_which(state: JobState) -> None:
    overlap = Reason(code="overlap", text="it is expected to change a.py, which #41 changes")
    facts = replace(QUIET, job=job(state=state), approval_live=True, overlap=overlap, dispatch=(PAUSED,))
    assert codes(facts)[:2] == ["paused", "overlap"]
    assert "queued" not in codes(facts)
