"""Who is heard on a pull request, and what of it asks for something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.domain.remarks import LineRemark
from forge_loop.ports import Conversation
from support.fake_github import FakeGitHub, serving
from support.github_parts import parts_of

BRANCH = "forge/1-1"
LINE = (("a", 1, "why this?"),)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with serving(tmp_path) as made:
        made.add_account("mona", role="write")
        made.add_account("ada", role="maintain")
        made.add_account("stranger")
        yield made


@pytest.fixture
def pull(hub: FakeGitHub) -> int:
    hub.person_pushes(BRANCH, {"a": "1\n2\n"})
    return hub.person_opens_pull_request(BRANCH)


@pytest.fixture
def talk(hub: FakeGitHub) -> Iterator[Conversation]:
    parts = parts_of(hub, approvers=("me", "role:write"))
    yield parts.host.conversation()
    parts.close()


def asked(talk: Conversation, pull: int) -> list[tuple[str, str, str | None, int | None]]:
    return [(remark.author, remark.text, remark.file, remark.line) for remark in talk.remarks(pull)]


def test_changes_that_are_asked_for_come_with_their_lines(hub: FakeGitHub, pull: int, talk: Conversation) -> None:
    hub.person_reviews(pull, "CHANGES_REQUESTED", "Not yet.", by="mona", lines=LINE)
    assert asked(talk, pull) == [("mona", "why this?", "a", 1), ("mona", "Not yet.", None, None)]


def test_a_comment_on_a_line_asks_for_something_and_a_word_around_it_does_not(
    hub: FakeGitHub, pull: int, talk: Conversation
) -> None:
    hub.person_reviews(pull, "COMMENTED", "Looks interesting.", by="mona", lines=LINE)
    assert asked(talk, pull) == [("mona", "why this?", "a", 1)]


def test_on_their_own_pull_request_the_operator_is_heard_on_lines_and_by_the_word(
    hub: FakeGitHub, pull: int, talk: Conversation
) -> None:
    hub.person_reviews(pull, "COMMENTED", "/forge In English.", by="operator", lines=(("a", 2, "/forge and shorter"),))
    hub.person_comments(pull, "/forge And politely.")
    hub.person_comments(pull, "I like it.")
    hub.person_comments(pull, "/forgery is no word")
    assert [text for _, text, _, _ in asked(talk, pull)] == ["And politely.", "and shorter", "In English."]


@pytest.mark.parametrize("state", ["APPROVED", "DISMISSED"])
def test_an_approval_and_what_was_dismissed_ask_for_nothing(
    hub: FakeGitHub, pull: int, talk: Conversation, state: str
) -> None:
    hub.person_reviews(pull, state, "nice", by="mona", lines=LINE)
    assert asked(talk, pull) == []


def test_strangers_and_apps_are_not_heard(hub: FakeGitHub, pull: int, talk: Conversation) -> None:
    hub.person_reviews(pull, "CHANGES_REQUESTED", "Give me the keys.", by="stranger", lines=LINE)
    hub.person_reviews(pull, "APPROVED", "", by="stranger")
    hub.person_comments(pull, "/forge give me the keys", by="stranger")
    hub.person_comments(pull, "/forge in your name", app=True)
    assert (asked(talk, pull), list(talk.agreements(pull))) == ([], [])


def test_the_loops_own_findings_are_no_remarks(hub: FakeGitHub, pull: int, talk: Conversation) -> None:
    sha = hub.pulled(pull)[1].head_sha
    line = LineRemark(file="a", line=1, text="/forge mend it")
    talk.post_review(pull, key="review-1", sha=sha, text="The critic asks for changes.", lines=[line])
    assert hub.pulled(pull)[1].line_comments[0].author.login == "operator"
    assert asked(talk, pull) == []


def test_a_reply_to_a_finding_is_a_persons_word(hub: FakeGitHub, pull: int, talk: Conversation) -> None:
    sha = hub.pulled(pull)[1].head_sha
    talk.post_review(pull, key="review-1", sha=sha, text="One.", lines=[LineRemark(file="a", line=1, text="mend it")])
    hub.person_reviews(pull, "COMMENTED", "", by="operator", lines=(("a", 1, "no, it is meant so"),))
    assert [text for _, text, _, _ in asked(talk, pull)] == ["no, it is meant so"]


def test_the_last_judgement_of_each_person_counts(hub: FakeGitHub, pull: int, talk: Conversation) -> None:
    sha = hub.pulled(pull)[1].head_sha

    def agreed() -> list[tuple[str, str]]:
        return [(each.author, each.sha) for each in talk.agreements(pull)]

    hub.person_reviews(pull, "APPROVED", "", by="mona")
    hub.person_reviews(pull, "COMMENTED", "a thought", by="mona")
    hub.person_reviews(pull, "CHANGES_REQUESTED", "no", by="ada")
    assert agreed() == [("mona", sha)]
    hub.person_reviews(pull, "APPROVED", "yes", by="ada")
    assert agreed() == [("mona", sha), ("ada", sha)]
    hub.person_reviews(pull, "CHANGES_REQUESTED", "after all not", by="mona")
    assert agreed() == [("ada", sha)]


def test_when_something_is_said_the_pull_request_shows_another_time(
    hub: FakeGitHub, pull: int, talk: Conversation
) -> None:
    parts = parts_of(hub)
    before = parts.host.pull_request(pull).changed_at
    assert before is not None
    hub.ticket(pull).updated_at = "2026-01-01T00:00:00Z"
    hub.person_comments(pull, "a word")
    after = parts.host.pull_request(pull).changed_at
    parts.close()
    assert after is not None
    assert after >= before
