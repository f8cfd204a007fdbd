"""What a reviewer says on a pull request, and what follows from it."""

from __future__ import annotations

import pytest

from forge_loop.domain import review_text
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.severity import Severity

SHA = "abc123def4567890"


@pytest.mark.parametrize(
    ("overall", "says", "follows"),
    [
        (Overall.APPROVE, "The critic approves `abc123def456`: 1 new finding.", "Nothing of it blocks the merge."),
        (
            Overall.REQUEST_CHANGES,
            "The critic asks for changes to `abc123def456`: 1 new",
            "It goes back to the worker.",
        ),
        (Overall.BLOCK, "The critic blocks `abc123def456`: 1 new finding.", "A person must decide."),
    ],
)
def test_a_heading_says_who_what_and_what_follows(overall: Overall, says: str, follows: str) -> None:
    said = review_text.heading("critic", overall, SHA, new=1, standing=0, loose=())
    assert said.startswith(says)
    assert said.endswith(follows)


def test_another_reviewer_has_its_own_name_and_what_stands_is_counted() -> None:
    said = review_text.heading("security", Overall.REQUEST_CHANGES, SHA, new=2, standing=1, loose=("all over",))
    assert said == (
        "The security asks for changes to `abc123def456`: 2 new findings, 1 of earlier rounds still stands. "
        "It goes back to the worker.\n\n- all over"
    )


def test_a_finding_begins_with_its_weight_and_calls_nobody() -> None:
    said = review_text.finding(Severity.SEV2, Category.CORRECTNESS, " ask @octocat ")
    assert said == "**sev2** correctness: ask `@octocat`"
