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
    base_sha="0123456789abcdef",
    summary="Greets people.",
    criteria=("it says hello", "it is tested"),
    approved=False,
    reviewers=(),
    checks=(CheckLine(name="pytest -q", passed=True, seconds=3.21),),
    attempts=(
        AttemptLine(number=1, outcome="failed", rounds=2, note="no commit"),
        AttemptLine(number=2, outcome="under way", rounds=1),
    ),
)
SHOWN = """\
For issue #42. Written by Claude Code and opened by forge-loop, with nobody watching.

### What the worker says, unverified

> Greets people.

### Acceptance criteria

- [ ] it says hello
- [ ] it is tested

### Evidence

Commit `abc123def456`, merged with base `0123456789ab`:

- `pytest -q`: passed in 3.2 s

**Not verified:** no reviewer has approved this commit yet.

### Attempts

- attempt 1: failed, 2 rounds of revision: no commit
- attempt 2: this one, 1 round of revision
"""


def test_every_field_has_its_place() -> None:
    assert text(FACTS) == SHOWN


def test_criteria_are_ticked_by_the_approval_of_this_commit() -> None:
    shown = text(replace(FACTS, approved=True, reviewers=("critic", "security")))
    assert "- [x] it says hello\n- [x] it is tested\n" in shown
    assert (
        "- `pytest -q`: passed in 3.2 s\n"
        "- critic: approved (a model that did not write it)\n"
        "- security: approved (a model that did not write it)\n"
    ) in shown
    assert "Ticked on the word of the critic and the security, for this commit.\n" in shown
    assert "[ ]" not in shown
    assert "Not verified" not in shown


def test_what_nothing_shows_is_said() -> None:
    shown = text(replace(FACTS, approved=True, reviewers=("critic",), checks=(), criteria=()))
    assert (
        "**Not verified:** no checks are configured, so nothing was run; "
        "the issue names no acceptance criteria to hold it to.\n"
    ) in shown


def test_why_a_person_must_merge_it_stands_first() -> None:
    shown = text(replace(FACTS, withheld=("it touches the protected path .github/ci.yml",)))
    assert shown.split("\n\n")[1:3] == [
        "**A person must merge this:**",
        "- it touches the protected path .github/ci.yml",
    ]


def test_what_the_worker_says_stays_a_quotation() -> None:
    shown = text(replace(FACTS, summary="Done.\n\n### Evidence\n\n- everything"))
    assert "> Done.\n>\n> ### Evidence\n>\n> - everything\n" in shown
    assert [line for line in shown.splitlines() if line == "### Evidence"] == ["### Evidence"]


def test_a_way_that_went_straight_is_not_told() -> None:
    shown = text(replace(FACTS, attempts=(AttemptLine(number=1, outcome="under way", rounds=0),)))
    assert "Attempts" not in shown


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
    bare = replace(FACTS, summary=" ", criteria=(), checks=(), attempts=())
    assert text(bare) == (
        "For issue #42. Written by Claude Code and opened by forge-loop, with nobody watching.\n\n### Evidence\n\n"
        "**Not verified:** no checks are configured, so nothing was run; no reviewer has approved this commit yet.\n"
    )


def test_a_checks_name_stays_code() -> None:
    shown = text(replace(FACTS, checks=(CheckLine(name="sh -c '`x`'\nmore", passed=False),)))
    assert "- `sh -c ''x'' more`: failed\n" in shown
