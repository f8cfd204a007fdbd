"""What the loop writes on a forge where people talk, and what it makes of what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forge_loop.domain import status_note
from forge_loop.domain.host_checks import HostCheckState
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from simulation.sessions import ON_LINE
from simulation.story import Story
from simulation.talking import TalkingStory, nothing, opened, state_of, waits, when


def writes(story: Story, name: str) -> list[str]:
    return [line for line in story.trace if f" {name} " in line]


def test_the_text_says_what_was_done_and_is_ticked_when_the_critic_approves(tmp_path: Path) -> None:
    seen: list[str] = []
    story = TalkingStory(tmp_path, when(opened, lambda story: seen.append(story.host.pulls[1].body)))
    story.run()
    assert state_of(story) == "merged"
    assert seen[0].startswith("For issue #1.")
    assert "- [ ] it is there, tested, documented" in seen[0]
    assert "- [x] it is there, tested, documented" in story.pull.body
    assert "- `check`: passed" in story.pull.body
    assert len(writes(story, "conversation.describe")) == 1


def test_the_text_follows_every_round(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path)
    story.sessions.told[Role.CRITIC] = ["request_changes"]
    story.run()
    assert state_of(story) == "merged"
    assert len(writes(story, "conversation.describe")) == 2
    assert "1 round of revision" in story.pull.body


def test_a_draft_becomes_ready_once_the_critic_approves(tmp_path: Path) -> None:
    drafts: list[tuple[JobState, bool]] = []

    def look(story: Story) -> bool:
        if story.host.pulls:
            drafts.append((story.job().state, story.host.pulls[1].draft))
        return False

    story = TalkingStory(tmp_path, lambda story: look(story) or story.job().state.terminal)
    story.settings = replace(story.settings, merge=replace(story.settings.merge, draft=True))
    story.run()
    assert state_of(story) == "merged"
    assert (JobState.REVIEWING, True) in drafts
    assert not story.pull.draft
    assert len(writes(story, "conversation.mark_ready")) == 1


def test_a_person_who_makes_it_a_draft_again_keeps_it(tmp_path: Path) -> None:
    def hold(story: Story) -> None:
        story.host.pulls[1].draft = True
        story.people.touch(1)

    story = TalkingStory(tmp_path, when(opened, hold))
    story.run()
    assert state_of(story) == "yielded"
    assert story.pull.landed is None


def test_findings_stand_on_their_lines_once(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path)
    story.sessions.told[Role.CRITIC] = [ON_LINE, ON_LINE]
    story.run()
    assert state_of(story) == "merged"
    (review,) = story.pull.reviews
    assert review.text.startswith("The critic asks for changes to `")
    assert "1 new finding." in review.text
    assert [(line.file, line.line, line.text) for line in review.lines] == [
        ("src/1.txt", 1, "**sev2** correctness: mend it")
    ]


def test_small_findings_are_posted_and_do_not_block(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path)
    story.sessions.told[Role.CRITIC] = ["approve_sev3"]
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 0
    (review,) = story.pull.reviews
    assert "sev3" in review.text + "".join(line.text for line in review.lines)


def test_what_the_critic_blocks_is_handed_over_with_its_findings(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path)
    story.sessions.told[Role.CRITIC] = ["block"]
    story.run()
    assert state_of(story) == "handed_over"
    assert len(story.pull.reviews) == 1
    assert story.notes["job-1"].startswith("**handed over**: the critic blocks it")
    assert story.labels() == {"loop:needs-human"}


def test_a_review_whose_reply_is_lost_stands_there_once(tmp_path: Path) -> None:
    def lose(story: Story) -> None:
        story.boundary.lost_replies = 1.0

    def find(story: Story) -> None:
        story.boundary.lost_replies = 0.0

    story = TalkingStory(
        tmp_path,
        when(lambda story: story.about_to("review.post"), lose),
        when(lambda story: bool(story.host.pulls[1].reviews), find),
    )
    story.sessions.told[Role.CRITIC] = ["block"]
    story.run()
    assert len(story.pull.reviews) == 1


def test_nothing_is_said_where_a_person_has_closed_it_meanwhile(tmp_path: Path) -> None:
    story = TalkingStory(
        tmp_path, when(lambda story: story.about_to("review.post"), lambda story: story.people.close_pull(1))
    )
    story.sessions.told[Role.CRITIC] = ["block"]
    story.run()
    assert story.pull.reviews == []


def test_one_note_tells_of_a_job_from_its_begin_to_its_end(tmp_path: Path) -> None:
    seen: list[str] = []

    def read(story: Story) -> bool:
        note = story.tracker.tickets[1].notes.get("job-1", "")
        if note and note not in seen:
            seen.append(note)
        return note.startswith("**merged**")

    story = TalkingStory(tmp_path, read)
    story.run()
    firsts = [note.partition("**:")[0].removeprefix("**") for note in seen]
    assert firsts == ["at work", "in review", "merged"]
    assert list(story.notes) == ["job-1"]
    assert "Pull request: #1." in story.notes["job-1"]
    assert len(writes(story, "tracker.post_note")) == 3


def test_where_nobody_talks_only_the_end_is_noted(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.run()
    assert state_of(story) == "merged"
    assert story.tracker.tickets[1].notes == {}


def test_what_a_trusted_person_asks_for_becomes_one_round(tmp_path: Path) -> None:
    def ask(story: Story) -> None:
        story.host.talk.person_asks(1, "say good evening instead", file="hello.txt", line=1)  # type: ignore[union-attr]

    story = TalkingStory(tmp_path, when(opened, ask))
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 1
    prompts = [order.prompt for order in story.sessions.agents.orders if order.role is Role.WORKER]
    assert len(prompts) == 2
    assert "say good evening instead" in prompts[1]
    assert len(story.told("remark.received")) == 1


def test_changes_that_are_asked_for_just_before_the_merge_stop_it(tmp_path: Path) -> None:
    heads: list[str] = []

    def ask(story: Story) -> None:
        heads.append(story.host.pulls[1].head_sha)
        story.host.talk.person_asks(1, "not yet")  # type: ignore[union-attr]

    story = TalkingStory(tmp_path, when(lambda story: story.about_to("merge"), ask))
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 1
    assert story.ended[0]["head_sha"] != heads[0]


def test_a_person_is_heard_while_the_hosts_checks_run(tmp_path: Path) -> None:
    story = TalkingStory(
        tmp_path,
        when(opened, lambda story: story.host.check_ends(story.host.pulls[1].head_sha, "ci", HostCheckState.PENDING)),
        when(waits, lambda story: story.host.talk.person_asks(1, "not yet")),  # type: ignore[union-attr]
    )
    story.host.host_checks = {}
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 1


def test_a_person_who_never_has_enough_gets_it_handed_over(tmp_path: Path) -> None:
    def ask(story: Story) -> None:
        story.host.talk.person_asks(1, "once more")  # type: ignore[union-attr]

    story = TalkingStory(tmp_path, *[when(lambda story: story.about_to("merge"), ask) for _ in range(3)])
    story.run()
    assert state_of(story) == "handed_over"
    assert "operator asks for changes, after 2 rounds of revision" in story.ended[0]["reason"]
    assert story.pull.landed is None


def test_an_approval_by_a_stranger_is_told_on_the_issue_once(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path, when(lambda _: True, nothing), issues=0)
    number = story.tracker.person_adds("From outside", "Do as I say.")
    story.people.label_by_stranger(number)
    story.run()
    assert story.ended == []
    assert story.notes == {"refused": status_note.refused("stranger applied loop:ready and is no approver")}
    assert len(writes(story, "tracker.post_note")) == 1


def test_a_refusal_whose_reply_is_lost_is_told_once_all_the_same(tmp_path: Path) -> None:
    def lose(story: Story) -> None:
        story.boundary.lost_replies = 1.0

    def find(story: Story) -> None:
        story.boundary.lost_replies = 0.0

    story = TalkingStory(
        tmp_path, when(lambda _: True, lose), when(lambda story: bool(story.tracker.tickets[1].notes), find), issues=0
    )
    story.people.label_by_stranger(story.tracker.person_adds("From outside", "Do as I say."))
    story.run()
    assert list(story.notes) == ["refused"]


def test_where_nobody_talks_a_refusal_is_left_to_explain(tmp_path: Path) -> None:
    story = Story(tmp_path, when(lambda _: True, nothing), issues=0)
    story.people.label_by_stranger(story.tracker.person_adds("From outside", "Do as I say."))
    story.run()
    assert story.tracker.tickets[1].notes == {}
    assert len(story.told("issue.refused")) == 1
