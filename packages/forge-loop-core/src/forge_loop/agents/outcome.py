"""How a session ended, read from structure: statuses, terminal reasons and typed events, never from prose.

Owns: the table from what was seen to a SessionOutcome. Must not: import the SDK or look into a message's text.
Source: measured on Claude Code 2.1.330; a failed API call has subtype `success`, so the subtype alone says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_loop.agents.frames import Finished, Limited
from forge_loop.domain.session import SessionOutcome

_ABORTED = ("aborted_streaming", "aborted_tools")
_BY_ERROR: Mapping[str, SessionOutcome] = {
    "authentication_failed": SessionOutcome.AUTH,
    "billing_error": SessionOutcome.AUTH,
    "model_not_found": SessionOutcome.CONFIGURATION,
    "rate_limit": SessionOutcome.TRANSIENT,
    "server_error": SessionOutcome.TRANSIENT,
    "unknown": SessionOutcome.TRANSIENT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The fields of the SDK's ResultMessage that decide, and those that are counted."""

    subtype: str
    is_error: bool
    terminal_reason: str | None = None
    structured_output: Any = None
    text: str = ""
    turns: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    denials: tuple[str, ...] = ()


def classify(
    *, result: Result | None, error: str | None, rejected: Limited | None, stopped: str, denied: str = ""
) -> Finished:
    """`error` is the last assistant message's, `rejected` the last refused limit, `stopped` why the loop ended it.

    `denied` says which permissions it was denied, where these were too many.
    """
    if result is None:
        return _without_result(stopped, denied)
    outcome = _outcome(result, error, rejected, stopped, denied)
    return Finished(
        outcome=outcome,
        detail=denied if outcome is SessionOutcome.DENIED else _detail(outcome, result, error, stopped),
        report=result.structured_output if outcome is SessionOutcome.DONE else None,
        resets_at=rejected.resets_at if outcome is SessionOutcome.LIMIT and rejected is not None else None,
        turns=result.turns,
        tokens_in=result.tokens_in,
        tokens_out=result.tokens_out,
        denials=result.denials,
    )


def _without_result(stopped: str, denied: str) -> Finished:
    if denied:
        return Finished(outcome=SessionOutcome.DENIED, detail=denied)
    if stopped:
        return Finished(outcome=SessionOutcome.STOPPED, detail=stopped)
    return Finished(outcome=SessionOutcome.LOST, detail="Claude Code ended without a result")


def _outcome(result: Result, error: str | None, rejected: Limited | None, stopped: str, denied: str) -> SessionOutcome:
    if not result.is_error and isinstance(result.structured_output, dict):
        return SessionOutcome.DONE
    if denied:
        return SessionOutcome.DENIED
    if result.terminal_reason in _ABORTED:
        return SessionOutcome.STOPPED if stopped else SessionOutcome.LOST
    if result.subtype == "error_max_turns":
        return SessionOutcome.MAX_TURNS
    if not result.is_error or result.subtype == "error_max_structured_output_retries":
        return SessionOutcome.NO_REPORT
    if error == "rate_limit" and rejected is not None and rejected.resets_at:
        return SessionOutcome.LIMIT
    if error is None and result.terminal_reason == "completed":
        # A stream that holds an `error` event and nothing else: it ends without an assistant message.
        return SessionOutcome.TRANSIENT
    return _BY_ERROR.get(error or "", SessionOutcome.FAILED)


def _detail(outcome: SessionOutcome, result: Result, error: str | None, stopped: str) -> str:
    if outcome is SessionOutcome.DONE:
        return ""
    if outcome is SessionOutcome.STOPPED:
        return stopped
    if outcome is SessionOutcome.NO_REPORT:
        return "the session ended without its report"
    if outcome is SessionOutcome.MAX_TURNS:
        return f"the session used all its {result.turns} turns"
    kind = error or result.terminal_reason or result.subtype
    return f"{kind}: {result.text}" if result.text else kind
