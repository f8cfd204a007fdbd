"""The text of a pull request: every typed field has its place, and none of them acts."""

from __future__ import annotations

from dataclasses import replace

from forge_loop.domain.outward import LONGEST
from forge_loop.domain.pull_request_text import (
    MOST_CRITERIA,
    AttemptLine,
    CheckLine,
    PullRequestText,
    acceptance_criteria,
    text,
)

SPEC = (
    "## Problem\n\n- not a criterion\n\n## Acceptance criteria ##\n\n- it says hello\n* [ ] it is tested\n"
    "1. in English\n\nprose\n\n### Test matrix\n\n- nor this\n"
)
FACTS = PullRequestText(
    issue=42,
    head_sha="abc123def4567890",
    summary="Greets people.",
    criteria=("it says hello", "it is tested"),
    approved=False,
    checks=(CheckLine(name="pytest -q", passed=True, seconds=3.21),),
    attempts=(
        AttemptLine(number=1, outcome="failed", rounds=2, note="no commit"),
        AttemptLine(number=2, outcome="under way", rounds=1),
    ),
)
SHOWN = """\
For issue #42.

### What the worker says

Greets people.

### Acceptance criteria

- [ ] it says hello
- [ ] it is tested

The critic has not approved `abc123def456`.

### Checks on the merge result

- `pytest -q`: passed in 3.2 s

### Attempts

- attempt 1: failed, 2 rounds of revision: no commit
- attempt 2: under way, 1 round of revision
"""


def test_every_field_has_its_place() -> None:
    assert text(FACTS) == SHOWN


def test_criteria_are_ticked_by_the_critics_approval_of_this_commit() -> None:
    shown = text(replace(FACTS, approved=True))
    assert "- [x] it says hello\n- [x] it is tested\n" in shown
    assert "The critic approved `abc123def456`." in shown
    assert "[ ]" not in shown


def test_the_criteria_are_the_items_under_their_heading() -> None:
    assert acceptance_criteria(SPEC) == ("it says hello", "it is tested", "in English")
    assert acceptance_criteria("- nothing\n") == ()


def test_it_closes_no_issue_and_calls_nobody_whatever_the_worker_says() -> None:
    shown = text(replace(FACTS, summary="Closes #1, thanks @octocat", criteria=("fixes #2",)))
    assert "Closes #1" not in shown
    assert "`@octocat`" in shown
    assert "fixes #2" not in shown


def test_it_is_bounded() -> None:
    checks = tuple(CheckLine(name="x" * 1000, passed=True, seconds=1.0) for _ in range(500))
    shown = text(replace(FACTS, summary="y" * 100_000, criteria=("z" * 900,) * 90, checks=checks))
    assert len(shown) <= LONGEST + 1
    assert shown.count("- [ ] ") == MOST_CRITERIA
    assert f"- and {90 - MOST_CRITERIA} more in the issue" in shown


def test_without_anything_to_say_it_says_that() -> None:
    bare = PullRequestText(issue=1, head_sha="a", summary=" ", criteria=(), approved=False, checks=(), attempts=())
    assert text(bare) == "For issue #1.\n\nNo checks are configured.\n"


def test_a_checks_name_stays_code() -> None:
    shown = text(replace(FACTS, checks=(CheckLine(name="sh -c '`x`'\nmore", passed=False),)))
    assert "- `sh -c ''x'' more`: failed\n" in shown
