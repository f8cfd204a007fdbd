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


def text(facts: NoteFacts) -> str:
    """Markdown of at most LONGEST characters."""
    lines = [attempt_line(attempt) for attempt in facts.attempts[-MOST_ATTEMPTS:]]
    pull = f" Pull request: #{facts.pull_request}." if facts.pull_request is not None else ""
    return cut("\n\n".join([_first(facts) + pull, *(["\n".join(lines)] if lines else [])]), LONGEST)


def _first(facts: NoteFacts) -> str:
    if facts.state.terminal:
        return f"**{str(facts.state).replace('_', ' ')}**: {one_line(facts.reason, LONGEST_REASON)}."
    if facts.pull_request is not None:
        return "**in review**: the change passed the project's checks."
    return "**at work**: this issue was taken up."
