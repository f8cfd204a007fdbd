"""A story on a code host where people talk about pull requests, and which may run checks of its own.

Owns: that story, its steps and what stands at the host afterwards. Must not: draw anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forge_loop.domain.host_checks import HostCheckState
from simulation.story import Step, Story
from support.fake_forge import FakeConversation, Pull


def when(holds: Callable[[Story], bool], act: Callable[[Story], object]) -> Step:
    """Do this as soon as that holds."""

    def step(story: Story) -> bool:
        if not holds(story):
            return False
        act(story)
        return True

    return step


def nothing(_story: Story) -> None:
    """Only that it came to this."""


def opened(story: Story) -> bool:
    return bool(story.host.pulls)


def waits(story: Story, issue: int = 1) -> bool:
    job = story.context.store.jobs.newest_by_number(issue)
    return job is not None and job.waits_for is not None


def ends(state: HostCheckState, *, pull: int = 1, output: str = "") -> Callable[[Story], None]:
    """The host's one check of a pull request's head ends, or begins."""
    return lambda story: story.host.check_ends(story.host.pulls[pull].head_sha, "build", state, output=output)


def state_of(story: Story, issue: int = 1) -> str:
    return [str(row["state"]) for row in story.ended if row["issue"] == issue][-1]


class TalkingStory(Story):
    """`pull` is the first pull request, `notes` what stands on the first issue, by key."""

    def __init__(self, root: Path, *steps: Step, issues: int = 1) -> None:
        super().__init__(root, *steps, issues=issues)
        self.talk = self.host.talk = FakeConversation(self.host, self.clock.steady())

    @property
    def pull(self) -> Pull:
        return self.host.pulls[1]

    @property
    def notes(self) -> dict[str, str]:
        return self.tracker.tickets[1].notes
