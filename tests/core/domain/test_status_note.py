"""The note on an issue says where the job stands."""

from __future__ import annotations

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.pull_request_text import AttemptLine
from forge_loop.domain.status_note import LONGEST, NoteFacts, text

ATTEMPT = AttemptLine(number=1, outcome="under way", rounds=0)


@pytest.mark.parametrize(
    ("state", "reason", "pull_request", "first", "following"),
    [
        (JobState.WORKING, "", None, "**at work**: this issue was taken up.", []),
        (JobState.REVIEWING, "", 7, "**in review**: a pull request is open. Pull request: #7.", []),
        (JobState.MERGED, "merged as abc by pull request 7", 7, "**merged**: merged as abc. Pull request: #7.", []),
        (
            JobState.GIVEN_UP,
            "no commit",
            None,
            "**given up**: no commit.",
            ["To have it tried again, give the ready label anew.", ""],
        ),
        (
            JobState.HANDED_OVER,
            "the critic blocks it: closes #1",
            7,
            "**handed over**: the critic blocks it: `closes` `#1`. Pull request: #7.",
            ["It is yours: nothing more is done here until the ready label is given anew.", ""],
        ),
    ],
)
def test_its_first_line_says_where_the_job_stands(
    state: JobState, reason: str, pull_request: int | None, first: str, following: list[str]
) -> None:
    facts = NoteFacts(state=state, reason=reason, pull_request=pull_request, attempts=(ATTEMPT,))
    assert text(facts).splitlines() == [first, "", *following, "- attempt 1: under way"]


def test_it_is_bounded() -> None:
    attempts = tuple(AttemptLine(number=n, outcome="failed", rounds=0, note="x" * 5000) for n in range(1, 90))
    said = text(NoteFacts(state=JobState.GIVEN_UP, reason="y" * 50_000, pull_request=None, attempts=attempts))
    assert len(said) <= LONGEST
    assert "- attempt 89: failed" in said
    assert "- attempt 84: failed" not in said
