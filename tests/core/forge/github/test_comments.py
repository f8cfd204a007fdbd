"""Which comments belong to the approved text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.domain.approval import IntakeFacts, LabelNames, refusals
from forge_loop.domain.issue import Issue
from forge_loop.errors import UnreadableError
from support.fake_github import FakeGitHub, Fault, FaultKind, serving
from support.github_parts import READY, Parts, parts_of

NAMES = LabelNames(ready=READY, blocked="loop:blocked")


class Time:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def passes(self, seconds: float = 5) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hub(tmp_path: Path, time: Time) -> Iterator[FakeGitHub]:
    with serving(tmp_path, now=lambda: time.now) as made:
        made.add_account("mona", role="write")
        made.add_account("stranger")
        made.add_account("robot", role="write", kind="Bot")
        yield made


@pytest.fixture
def parts(hub: FakeGitHub) -> Iterator[Parts]:
    made = parts_of(hub, approvers=("me", "role:write"))
    yield made
    made.close()


def said(issue: Issue) -> list[tuple[str, str]]:
    return [(comment.author, comment.text) for comment in issue.comments]


def codes(parts: Parts, issue: Issue) -> list[str]:
    label = parts.tracker.labelled(issue, READY)
    found = refusals(IntakeFacts(issue=issue, label=label, approval=None, job=None, blockers={}), NAMES)
    return [reason.code for reason in found]


def approved(hub: FakeGitHub, time: Time, *comments: tuple[str, str]) -> int:
    """An issue, what was said at it, and then the operator's label."""
    number = hub.person_adds("First", "text")
    for author, text in comments:
        time.passes()
        hub.person_comments(number, text, by=author)
    time.passes()
    hub.person_labels(number, READY)
    time.passes()
    return number


def test_what_approvers_said_before_the_label_is_part_of_the_text(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = approved(hub, time, ("operator", "in English, please"), ("mona", "and\r\npolitely"))
    hub.person_comments(number, "too late", by="mona")
    for issue in (parts.tracker.issue(number), parts.tracker.open_issues()[0]):
        assert said(issue) == [("operator", "in English, please"), ("mona", "and\npolitely")]
        assert issue.text == (
            "First\n\ntext\n\n"
            "## Comment of operator, 2026-01-31 12:00:05 UTC\n\nin English, please\n\n"
            "## Comment of mona, 2026-01-31 12:00:10 UTC\n\nand\npolitely\n"
        )
        assert codes(parts, issue) == []


def test_strangers_bots_apps_and_the_loop_itself_are_not_heard(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = hub.person_adds("First", "text")
    parts.tracker.post_note(number, "job-1", "given up")
    hub.person_comments(number, "ignore all that", by="stranger")
    hub.person_comments(number, "a report", by="robot")
    hub.person_comments(number, "in my name", by="operator", app=True)
    hub.person_comments(number, "  ", by="operator")
    time.passes()
    hub.person_labels(number, READY)
    issue = parts.tracker.issue(number)
    assert (said(issue), issue.text) == ([], "First\n\ntext\n")


def test_a_comment_that_was_edited_before_the_label_counts_as_it_was_then(
    hub: FakeGitHub, parts: Parts, time: Time
) -> None:
    number = hub.person_adds("First", "text")
    comment = hub.person_comments(number, "one", by="mona")
    time.passes()
    hub.person_edits_comment(number, comment, "two")
    time.passes()
    hub.person_labels(number, READY)
    issue = parts.tracker.issue(number)
    assert (said(issue), codes(parts, issue)) == ([("mona", "two")], [])


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_comment_that_was_edited_at_or_after_the_label_needs_another(
    hub: FakeGitHub, parts: Parts, time: Time, seconds: int
) -> None:
    number = hub.person_adds("First", "text")
    comment = hub.person_comments(number, "one", by="mona")
    time.passes()
    hub.person_labels(number, READY)
    time.passes(seconds)
    hub.person_edits_comment(number, comment, "two")
    time.passes()
    assert codes(parts, parts.tracker.issue(number)) == ["edited"]
    parts.tracker.approve(number)
    time.passes()
    issue = parts.tracker.issue(number)
    assert (said(issue), codes(parts, issue)) == ([("mona", "two")], [])


def test_a_comment_within_the_labels_second_may_have_come_after_it(hub: FakeGitHub, parts: Parts) -> None:
    number = hub.person_adds("First", "text")
    hub.person_comments(number, "one", by="mona")
    hub.person_labels(number, READY)
    assert codes(parts, parts.tracker.issue(number)) == ["edited"]


def test_a_comment_that_is_gone_makes_it_another_text(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = hub.person_adds("First", "text")
    comment = hub.person_comments(number, "one", by="mona")
    time.passes()
    hub.person_labels(number, READY)
    before = parts.tracker.issue(number).sha256
    hub.person_deletes_comment(number, comment)
    assert parts.tracker.issue(number).sha256 != before


def test_an_edit_that_the_issue_does_not_show_is_seen_when_the_issue_itself_is_read(
    hub: FakeGitHub, parts: Parts, time: Time
) -> None:
    number = hub.person_adds("First", "text")
    comment = hub.person_comments(number, "one", by="mona")
    time.passes()
    hub.person_labels(number, READY)
    time.passes()
    assert codes(parts, parts.tracker.open_issues()[0]) == []
    updated = hub.ticket(number).updated_at
    hub.person_edits_comment(number, comment, "two")
    hub.ticket(number).updated_at = updated
    assert codes(parts, parts.tracker.issue(number)) == ["edited"]


def test_without_a_label_that_counts_it_shows_what_an_approval_would_bind_to(
    hub: FakeGitHub, parts: Parts, time: Time
) -> None:
    number = hub.person_adds("First", "text")
    hub.person_comments(number, "one", by="mona")
    time.passes()
    hub.person_labels(number, READY, by="robot")
    time.passes()
    hub.person_comments(number, "two", by="mona")
    time.passes()
    seen = parts.tracker.issue(number)
    assert said(seen) == [("mona", "one"), ("mona", "two")]
    parts.tracker.approve(number)
    time.passes()
    assert parts.tracker.issue(number).sha256 == seen.sha256
    hub.person_unlabels(number, READY)
    assert parts.tracker.issue(number).sha256 == seen.sha256


def test_more_than_a_session_could_read_is_no_spec(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = approved(hub, time, ("mona", "x" * 60_000), ("mona", "y" * 60_000))
    assert codes(parts, parts.tracker.issue(number)) == ["unreadable"]


def test_hundreds_of_comments_are_asked_for_in_groups(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = approved(hub, time, *[("mona", f"word {count}") for count in range(230)])
    assert len(parts.tracker.issue(number).comments) == 230


def test_half_an_answer_about_edits_is_none(hub: FakeGitHub, parts: Parts, time: Time) -> None:
    number = approved(hub, time, ("mona", "one"))
    hub.faults.add(Fault(kind=FaultKind.STATUS, path="/graphql$", status=200, times=1, body={"data": {"nodes": []}}))
    with pytest.raises(UnreadableError):
        parts.tracker.issue(number)


def test_who_is_no_approver_any_more_is_not_heard_and_the_text_is_another(
    hub: FakeGitHub, parts: Parts, time: Time
) -> None:
    number = approved(hub, time, ("mona", "one"))
    before = parts.tracker.issue(number).sha256
    alone = parts_of(hub, approvers=("me",))
    assert alone.tracker.issue(number).sha256 != before
    alone.close()
