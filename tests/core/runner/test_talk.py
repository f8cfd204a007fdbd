"""What people say on a pull request is heard in every phase, and read when something happened there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.domain.job import JobState
from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, Pipeline
from forge_loop.domain.remarks import Agreement, Remark
from forge_loop.domain.session import Role
from forge_loop.runner import talk
from forge_loop.runner.context import Talk
from simulation.sessions import ON_LINE
from simulation.story import Story
from simulation.talking import TalkingStory, state_of, waits, when

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def asks(text: str) -> Callable[[Story], object]:
    return lambda story: story.host.talk.person_asks(1, text)  # type: ignore[union-attr]


def sessions(story: Story, role: Role) -> list[str]:
    return [order.prompt for order in story.sessions.agents.orders if order.role is role]


def reviewing(story: Story) -> bool:
    return story.is_(JobState.REVIEWING)


def test_what_is_asked_while_the_critic_reads_goes_back_together_with_its_findings(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path, when(reviewing, asks("in English")))
    story.sessions.told[Role.CRITIC] = [ON_LINE]
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 1
    (_, revision) = sessions(story, Role.WORKER)
    assert "in English" in revision
    assert "mend it" in revision


def test_what_is_asked_while_the_worker_mends_is_the_next_round(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path, when(lambda story: story.is_(JobState.REVISING), asks("and shorter")))
    story.sessions.told[Role.CRITIC] = [ON_LINE]
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 2
    assert "and shorter" in sessions(story, Role.WORKER)[2]


def asks_a_person(story: Story) -> bool:
    """The project wants a person's word after the critic's."""
    critic, owner = CRITIC_ALONE.nodes[0], Node(name="owner", kind=NodeKind.HUMAN, needs=("critic",), timeout=3600)
    story.context.pipeline = Pipeline(nodes=(critic, owner))
    return True


def test_a_persons_approval_in_a_review_is_the_answer_that_is_waited_for(tmp_path: Path) -> None:
    story = TalkingStory(tmp_path, asks_a_person, when(waits, lambda story: story.talk.person_approves(1)))  # type: ignore[attr-defined]
    story.run()
    assert state_of(story) == "merged"
    (finished,) = [json.loads(row["data"]) for row in story.history if row["kind"] == "node.finished"]
    assert (finished["state"], finished["detail"]) == ("passed", "mona approved it in a review")
    waited = story.told("node.finished")[0][1] - story.told("node.started")[0][1]
    assert waited < timedelta(minutes=10)


def test_an_approval_of_an_earlier_commit_is_no_answer(tmp_path: Path) -> None:
    story = TalkingStory(
        tmp_path,
        asks_a_person,
        when(reviewing, lambda story: story.talk.person_approves(1)),  # type: ignore[attr-defined]
    )
    story.sessions.told[Role.CRITIC] = [ON_LINE]
    story.run()
    assert state_of(story) == "handed_over"
    assert story.ended[0]["reason"] == "owner did not agree: nobody answered in time"


def test_changes_that_are_asked_for_while_a_person_is_waited_for_are_a_round(tmp_path: Path) -> None:
    story = TalkingStory(
        tmp_path,
        asks_a_person,
        when(waits, asks("in English")),
        when(lambda story: waits(story) and story.job().round == 1, lambda story: story.talk.person_approves(1)),  # type: ignore[attr-defined]
    )
    story.run()
    assert state_of(story) == "merged"
    assert story.ended[0]["round"] == 1
    assert "in English" in sessions(story, Role.WORKER)[1]


@dataclass
class Spoken:
    """A code host with one conversation that counts how often it is read."""

    said: list[Remark] = field(default_factory=list)
    reads: int = 0

    def conversation(self) -> Spoken:
        return self

    def remarks(self, _number: int) -> list[Remark]:
        self.reads += 1
        return list(self.said)

    def agreements(self, _number: int) -> list[Agreement]:
        return []


def pulls(changed_at: datetime | None, state: PullRequestState = PullRequestState.OPEN) -> dict[int, PullRequest]:
    made = PullRequest(number=1, branch="forge/1-1", base="main", head_sha="a", state=state, changed_at=changed_at)
    return {1: made}


def test_where_nothing_happened_nothing_is_read() -> None:
    host = Spoken()
    known: dict[int, Talk] = {}
    for _ in range(5):
        known = talk.read(host, pulls(AT), known, lambda look: look())  # type: ignore[arg-type]
    assert host.reads == 2  # once more, as the time is a whole second
    host.said.append(Remark(key="1", author="mona", text="x", at=AT))
    later = pulls(AT + timedelta(seconds=30))
    known = talk.read(host, later, known, lambda look: look())  # type: ignore[arg-type]
    assert [remark.text for remark in known[1].remarks] == ["x"]
    assert host.reads == 3


def test_two_words_within_one_second_are_both_heard() -> None:
    host = Spoken(said=[Remark(key="1", author="mona", text="x", at=AT)])
    known = talk.read(host, pulls(AT), {}, lambda look: look())  # type: ignore[arg-type]
    host.said.append(Remark(key="2", author="mona", text="y", at=AT))
    known = talk.read(host, pulls(AT), known, lambda look: look())  # type: ignore[arg-type]
    assert [remark.text for remark in known[1].remarks] == ["x", "y"]


def test_a_host_that_keeps_no_times_is_read_each_time_and_one_that_is_closed_never() -> None:
    host = Spoken()
    known: dict[int, Talk] = {}
    for _ in range(3):
        known = talk.read(host, pulls(None), known, lambda look: look())  # type: ignore[arg-type]
    assert host.reads == 3
    assert talk.read(host, pulls(AT, PullRequestState.CLOSED), known, lambda look: look()) == {}  # type: ignore[arg-type]
    assert host.reads == 3


def test_what_cannot_be_read_is_not_taken_for_silence() -> None:
    host = Spoken(said=[Remark(key="1", author="mona", text="x", at=AT)])
    known = talk.read(host, pulls(AT), {}, lambda look: look())  # type: ignore[arg-type]
    assert talk.read(host, pulls(AT + timedelta(seconds=1)), known, lambda _look: None) == {}  # type: ignore[arg-type]


def test_where_two_people_are_asked_a_review_does_not_say_which_of_them_it_is(tmp_path: Path) -> None:
    def asks_two(story: Story) -> bool:
        nodes = [Node(name=name, kind=NodeKind.HUMAN, needs=("critic",), timeout=3600) for name in ("owner", "lawyer")]
        story.context.pipeline = Pipeline(nodes=(CRITIC_ALONE.nodes[0], *nodes))
        return True

    story = TalkingStory(tmp_path, asks_two, when(waits, lambda story: story.talk.person_approves(1)))  # type: ignore[attr-defined]
    story.run()
    assert state_of(story) == "handed_over"
