"""F12: what people do to an issue, its pull request and base, in every phase of a job.

Nothing is merged that a person forbade, nothing more is written than one note, and the job ends as what it is: left to
the person, or handed over where the approved text is another one now. What forbids nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from forge_loop.domain.host_checks import HostCheckState
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from simulation.boundary import WRITES
from simulation.story import Story
from simulation.talking import TalkingStory, ends, waits, when

Act = Callable[[Story], object]
BASE = "main"
OUTSIDE = tuple(f" {name} " for name in WRITES - {"workspaces.create", "workspaces.remove"})


def reopen(story: Story) -> None:
    story.people.close_issue(1)
    story.people.reopen_issue(1)


def relabel(story: Story) -> None:
    story.clock.advance(2)
    story.people.label_again(1)


def push_to_branch(story: Story) -> None:
    branch = story.job().branch
    head = story.host.branch_sha(branch)
    story.host.person_pushes(branch, {"foreign.txt": "by hand\n"}, onto=head)
    story.people.touch(1)


def delete_branch(story: Story) -> None:
    story.host.person_deletes(story.job().branch)
    story.people.touch(1)


def force_push_base(story: Story) -> None:
    story.host.person_resets(BASE, {"README.md": "# Anew\n"})
    story.people.touch(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """`forbidden`: nothing the loop does may merge it. `at_once`: from here on nothing is written but the note."""

    act: Act
    ends: JobState
    at_once: bool = True
    needs_pull: bool = False

    @property
    def forbidden(self) -> bool:
        return self.ends is not JobState.MERGED


ACTS: Mapping[str, Expected] = {
    "close": Expected(act=lambda story: story.people.close_issue(1), ends=JobState.YIELDED),
    "reopen": Expected(act=reopen, ends=JobState.MERGED),
    "unlabel": Expected(act=lambda story: story.people.unlabel(1), ends=JobState.YIELDED),
    "relabel": Expected(act=relabel, ends=JobState.MERGED),
    "edit title": Expected(act=lambda story: story.people.retitle(1), ends=JobState.HANDED_OVER, at_once=False),
    "edit body": Expected(act=lambda story: story.people.edit(1), ends=JobState.HANDED_OVER, at_once=False),
    "comment": Expected(act=lambda story: story.people.comment(1), ends=JobState.MERGED),
    "assign": Expected(act=lambda story: story.people.assign(1), ends=JobState.MERGED),
    "close PR": Expected(act=lambda story: story.people.close_pull(1), ends=JobState.YIELDED, needs_pull=True),
    "merge PR by hand": Expected(
        act=lambda story: story.people.merge_by_hand(1), ends=JobState.YIELDED, needs_pull=True
    ),
    "retarget PR": Expected(act=lambda story: story.people.retarget(1), ends=JobState.YIELDED, needs_pull=True),
    "push to branch": Expected(act=push_to_branch, ends=JobState.YIELDED),
    "delete branch": Expected(act=delete_branch, ends=JobState.YIELDED, needs_pull=True),
    "force-push base": Expected(act=force_push_base, ends=JobState.YIELDED, at_once=False),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """When it is reached, what the sessions are told so that it is, and whether the host's checks run until then."""

    reached: Callable[[Story], bool]
    worker: tuple[str, ...] = ()
    critic: tuple[str, ...] = ()
    host_checks: bool = False


def in_state(state: JobState, *, round_: int = 0) -> Callable[[Story], bool]:
    return lambda story: story.is_(state) and story.job().round == round_


def about_to(effect: str, *, round_: int = 0) -> Callable[[Story], bool]:
    return lambda story: story.about_to(effect) and story.job().round == round_


ONCE_MORE = ("request_changes",)
WITH_PULL: Mapping[str, Phase] = {
    "reviewing": Phase(reached=in_state(JobState.REVIEWING)),
    "revising": Phase(reached=in_state(JobState.REVISING, round_=1), critic=ONCE_MORE),
    "checking again": Phase(reached=in_state(JobState.CHECKING, round_=1), critic=ONCE_MORE),
    "pushing again": Phase(reached=about_to("push", round_=1), critic=ONCE_MORE),
    "waiting for the host's checks": Phase(reached=waits, host_checks=True),
    "about to merge": Phase(reached=about_to("merge")),
}
BEFORE: Mapping[str, Phase] = {
    "cooling": Phase(reached=in_state(JobState.COOLING), worker=("no_commit",)),
    "working": Phase(reached=in_state(JobState.WORKING)),
    "checking": Phase(reached=in_state(JobState.CHECKING)),
    "about to push": Phase(reached=about_to("push")),
    "about to open the pull request": Phase(reached=about_to("pull_request.open")),
}
PHASES = {**BEFORE, **WITH_PULL}
CASES = [(phase, act) for phase, act in product(PHASES, ACTS) if phase in WITH_PULL or not ACTS[act].needs_pull]


def story_of(tmp_path: Path, phase: Phase, act: Expected, since: list[int]) -> TalkingStory:
    def happens(story: Story) -> None:
        act.act(story)
        since.append(len(story.trace))

    story = TalkingStory(tmp_path, when(phase.reached, happens))
    story.sessions.told = {Role.WORKER: list(phase.worker), Role.CRITIC: list(phase.critic)}
    if phase.host_checks:
        story.host.host_checks = {}
        story.before_act(when(lambda story: bool(story.host.pulls), ends(HostCheckState.PENDING)))
        story.after_act(when(lambda _: True, ends(HostCheckState.PASSED)))
    return story


def expected_end(phase: str, act: str) -> JobState:
    """Before work begins an edit takes the approval back; what is not begun has no base to lose."""
    if phase == "cooling" and act in ("edit title", "edit body"):
        return JobState.YIELDED
    if phase == "cooling" and act == "force-push base":
        return JobState.MERGED
    return ACTS[act].ends


@pytest.mark.parametrize(("phase", "act"), CASES, ids=[f"{act}, {phase}" for phase, act in CASES])
def test_people_win(tmp_path: Path, phase: str, act: str) -> None:
    since: list[int] = []
    story = story_of(tmp_path, PHASES[phase], ACTS[act], since)
    story.run()
    assert len(since) == 1, "it never came to this phase"
    (job,) = story.ended
    ended = expected_end(phase, act)
    assert job["state"] == ended, job["reason"]
    assert list(story.notes) in ([], ["job-1"])
    merged_by_loop = [pull for pull in story.host.pulls.values() if pull.landed_by == "loop"]
    assert bool(merged_by_loop) is (ended is JobState.MERGED)
    # A branch that is not there yet is looked at when it is to be pushed, not before.
    unseen = act == "push to branch" and phase in BEFORE
    if ended is JobState.YIELDED and ACTS[act].at_once and not unseen:
        written = [line for line in story.trace[since[0] :] if any(name in line for name in OUTSIDE)]
        assert [line for line in written if " tracker.post_note " not in line] == []
        assert len(written) <= 1
    if act == "merge PR by hand":
        assert job["merged_sha"] == story.pull.landed
        assert "was merged by a person" in job["reason"]


def test_the_matrix_is_as_large_as_it_must_be() -> None:
    assert len(ACTS) == 14
    assert len(WITH_PULL) >= 6
    assert len([case for case in CASES if case[0] in WITH_PULL]) >= 84
