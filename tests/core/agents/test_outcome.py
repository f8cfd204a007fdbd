from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from forge_loop.agents.frames import Limited
from forge_loop.agents.outcome import Result, classify
from forge_loop.domain.session import SessionOutcome

GOOD = Result(subtype="success", is_error=False, terminal_reason="completed", structured_output={"status": "done"})
API_ERROR = Result(subtype="success", is_error=True, terminal_reason="api_error", text="API Error")
FIVE_HOURS = Limited(status="rejected", kind="five_hour", resets_at=2e9)


def outcome(result: Result | None, **seen: Any) -> SessionOutcome:
    return classify(result=result, **{"error": None, "rejected": None, "stopped": "", **seen}).outcome


def test_a_report_is_done() -> None:
    finished = classify(result=GOOD, error=None, rejected=None, stopped="")
    assert (finished.outcome, finished.report) == (SessionOutcome.DONE, {"status": "done"})


@pytest.mark.parametrize("output", [None, "done", ["done"], 1])
def test_a_report_that_is_no_object_is_none(output: Any) -> None:
    assert outcome(replace(GOOD, structured_output=output)) is SessionOutcome.NO_REPORT


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("authentication_failed", SessionOutcome.AUTH),
        ("billing_error", SessionOutcome.AUTH),
        ("rate_limit", SessionOutcome.TRANSIENT),
        ("server_error", SessionOutcome.TRANSIENT),
        ("unknown", SessionOutcome.TRANSIENT),
        ("model_not_found", SessionOutcome.CONFIGURATION),
        ("invalid_request", SessionOutcome.FAILED),
        ("max_output_tokens", SessionOutcome.FAILED),
        ("an error of a later version", SessionOutcome.FAILED),
        (None, SessionOutcome.FAILED),
    ],
)
def test_a_failed_call_is_read_from_its_error(error: str | None, expected: SessionOutcome) -> None:
    assert outcome(API_ERROR, error=error) is expected


def test_a_limit_needs_a_reset_time() -> None:
    finished = classify(result=API_ERROR, error="rate_limit", rejected=FIVE_HOURS, stopped="")
    assert (finished.outcome, finished.resets_at) == (SessionOutcome.LIMIT, 2e9)
    unknown = replace(FIVE_HOURS, resets_at=None)
    assert outcome(API_ERROR, error="rate_limit", rejected=unknown) is SessionOutcome.TRANSIENT


def test_a_limit_that_was_seen_does_not_explain_another_failure() -> None:
    assert outcome(API_ERROR, error="server_error", rejected=FIVE_HOURS) is SessionOutcome.TRANSIENT
    assert outcome(GOOD, rejected=FIVE_HOURS) is SessionOutcome.DONE


def test_an_error_inside_the_stream_is_transient() -> None:
    broken = Result(subtype="error_during_execution", is_error=True, terminal_reason="completed")
    assert outcome(broken) is SessionOutcome.TRANSIENT


def test_the_ends_of_turns_and_of_patience_have_names() -> None:
    assert outcome(Result(subtype="error_max_turns", is_error=True)) is SessionOutcome.MAX_TURNS
    retries = Result(subtype="error_max_structured_output_retries", is_error=True)
    assert outcome(retries) is SessionOutcome.NO_REPORT


@pytest.mark.parametrize("reason", ["aborted_streaming", "aborted_tools"])
def test_an_aborted_session_was_stopped_only_if_the_loop_did_it(reason: str) -> None:
    aborted = Result(subtype="error_during_execution", is_error=True, terminal_reason=reason)
    assert outcome(aborted, stopped="the watchdog") is SessionOutcome.STOPPED
    assert outcome(aborted) is SessionOutcome.LOST


def test_a_report_that_came_while_stopping_is_kept() -> None:
    finished = classify(result=GOOD, error=None, rejected=None, stopped="the watchdog")
    assert (finished.outcome, finished.report) == (SessionOutcome.DONE, {"status": "done"})


def test_no_result_is_lost_or_stopped() -> None:
    assert outcome(None) is SessionOutcome.LOST
    assert outcome(None, stopped="the watchdog") is SessionOutcome.STOPPED


def test_what_was_counted_is_kept_whatever_the_outcome() -> None:
    counted = replace(API_ERROR, turns=3, tokens_in=5, tokens_out=7, denials=("Bash(rm)",))
    finished = classify(result=counted, error="server_error", rejected=None, stopped="")
    assert (finished.turns, finished.tokens_in, finished.tokens_out) == (3, 5, 7)
    assert finished.denials == ("Bash(rm)",)
    assert finished.detail == "server_error: API Error"


def test_too_many_denials_decide_unless_the_work_was_reported() -> None:
    denied = "it was denied permission 5 times"
    aborted = Result(subtype="error_during_execution", is_error=True, terminal_reason="aborted_tools")
    assert outcome(GOOD, denied=denied) is SessionOutcome.DONE
    for result in (None, aborted, replace(GOOD, structured_output=None)):
        finished = classify(result=result, error=None, rejected=None, stopped=denied, denied=denied)
        assert (finished.outcome, finished.detail) == (SessionOutcome.DENIED, denied)
