"""What the words of a search mean."""

from __future__ import annotations

import pytest

from forge_loop.domain.job import JobState
from forge_loop_dashboard.views.issues import Search, parse


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("", Search()),
        ("state:cooling", Search(states=(JobState.COOLING,))),
        ("state:handed-over,merged", Search(states=(JobState.HANDED_OVER, JobState.MERGED))),
        ("#4", Search(issue=4)),
        ("issue:#4 greet", Search(issue=4, words="greet")),
        ("issue:four", Search(unknown=("issue:four",))),
        ("state:nonsense", Search(unknown=("state:nonsense",))),
        ("#four 10% off", Search(words="#four 10% off")),
    ],
)
def test_words_and_qualifiers_are_told_apart(text: str, search: Search) -> None:
    assert parse(text) == search
