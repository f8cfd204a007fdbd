"""Whose label counts, and on which text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.errors import NoSuchIssueError
from support.fake_github import FakeGitHub, serving
from support.github_parts import READY, parts_of

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Time:
    now = START


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    Time.now = START
    with serving(tmp_path, now=lambda: Time.now) as made:
        for login, role in (("writer", "write"), ("keeper", "maintain"), ("helper", "triage"), ("odd", "reviewer")):
            made.add_account(login, role=role)
        made.add_account("robot", role="write", kind="Bot")
        yield made


def trusted(hub: FakeGitHub, number: int, *approvers: str) -> bool:
    parts = parts_of(hub, approvers=approvers)
    try:
        event = parts.tracker.labelled(parts.tracker.issue(number), READY)
        assert event is not None
        return event.trusted
    finally:
        parts.close()


@pytest.mark.parametrize(
    ("actor", "approvers", "counts"),
    [
        ("operator", ("me",), True),
        ("writer", ("me",), False),
        ("writer", ("Writer",), True),
        ("writer", ("role:write",), True),
        ("keeper", ("role:write",), True),
        ("helper", ("role:write",), False),
        ("odd", ("role:write",), False),
        ("robot", ("me", "role:write"), False),
        ("robot", ("robot",), True),
        ("operator", ("writer",), False),
    ],
)
def test_the_account_decides_whose_label_counts(
    hub: FakeGitHub, actor: str, approvers: tuple[str, ...], counts: bool
) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY, by=actor)
    assert trusted(hub, number, *approvers) is counts


@pytest.mark.parametrize("how", ["app", "intent"])
def test_what_an_app_or_an_agent_did_in_somebodys_name_counts_for_nothing(hub: FakeGitHub, how: str) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY, app=how == "app", intent=how == "intent")
    assert not trusted(hub, number, "me", "role:write")


def test_the_newest_label_counts_and_not_an_older_one(hub: FakeGitHub) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY)
    hub.person_unlabels(number, READY)
    hub.person_labels(number, READY, by="helper")
    assert not trusted(hub, number, "me")


@pytest.mark.parametrize("title", [True, False])
def test_an_edit_of_title_or_text_has_its_time(hub: FakeGitHub, title: bool) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY)
    parts = parts_of(hub)
    assert parts.tracker.issue(number).edited_at is None
    Time.now = START + timedelta(seconds=5)
    hub.person_edits(number, **({"title": "Other"} if title else {"body": "other"}))
    assert parts.tracker.issue(number).edited_at == Time.now
    hub.person_comments(number, "a word")
    assert parts.tracker.issue(number).edited_at == Time.now
    parts.close()


def test_a_blocker_in_another_repository_stops_it_while_it_is_open(hub: FakeGitHub) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY)
    hub.person_blocks(number, "other/repo", 5)
    parts = parts_of(hub)
    assert "other/repo#5" in (parts.tracker.issue(number).problem or "")
    parts.close()


def test_an_issue_that_was_moved_or_is_a_pull_request_is_not_there(hub: FakeGitHub) -> None:
    moved = hub.person_adds("First", "text")
    hub.person_transfers(moved)
    hub.person_pushes("topic", {"a": "1"})
    pull = hub.person_opens_pull_request("topic")
    parts = parts_of(hub)
    for number in (moved, pull):
        with pytest.raises(NoSuchIssueError):
            parts.tracker.issue(number)
    parts.close()
