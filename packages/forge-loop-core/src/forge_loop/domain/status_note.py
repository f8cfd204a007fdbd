"""The loop's one note on an issue, edited in place: where the job stands, projected from the ledger.

Owns: its words. Must not: be read back as state.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.job import JobState
from forge_loop.domain.outward import cut, one_line
from forge_loop.domain.pull_request_text import MOST_ATTEMPTS, AttemptLine, attempt_line

LONGEST = 10_000
LONGEST_REASON = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteFacts:
    """`attempts` are those of the ledger, oldest first; the last may be under way."""

    state: JobState
    reason: str
    pull_request: int | None
    attempts: tuple[AttemptLine, ...]


_NEXT = {
    JobState.HANDED_OVER: "It is yours: nothing more is done here until the ready label is given anew.",
    JobState.GIVEN_UP: "To have it tried again, give the ready label anew.",
    JobState.YIELDED: "It is left alone from here on.",
}


def refused(reason: str) -> str:
    """Why an approval counts for nothing, and what would."""
    return f"**not taken up**: {reason}.\n\nNothing was begun. Mend that, and have an approver give the label anew."


def text(facts: NoteFacts) -> str:
    """Markdown of at most LONGEST characters."""
    lines = [attempt_line(attempt) for attempt in facts.attempts[-MOST_ATTEMPTS:]]
    pull = f" Pull request: #{facts.pull_request}." if facts.pull_request is not None else ""
    parts = [_first(facts) + pull, _NEXT.get(facts.state, ""), "\n".join(lines)]
    return cut("\n\n".join(part for part in parts if part), LONGEST)


def _first(facts: NoteFacts) -> str:
    if facts.state.terminal:
        reason = facts.reason.removesuffix(f" by pull request {facts.pull_request}")
        return f"**{str(facts.state).replace('_', ' ')}**: {one_line(reason, LONGEST_REASON)}."
    if facts.pull_request is not None:
        return "**in review**: a pull request is open."
    return "**at work**: this issue was taken up."
