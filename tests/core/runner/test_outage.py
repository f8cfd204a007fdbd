"""Nobody answers for hours: the work waits where it is, no attempt pays for it, and it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.domain.job import JobState
from simulation.story import Step, Story

HOURS = timedelta(hours=5)
EVERYTHING = frozenset({"tracker", "code_host"})


class Outage:
    """The step that begins it, and the one that ends it after those hours."""

    def __init__(self, ports: frozenset[str], when: Step) -> None:
        self._ports, self._when = ports, when
        self.since: datetime | None = None

    def begins(self, story: Story) -> bool:
        if self._when(story):
            story.boundary.down |= self._ports
            self.since = story.clock.now()
        return self.since is not None

    def ends(self, story: Story) -> bool:
        assert self.since is not None
        over = story.clock.now() - self.since > HOURS
        if over:
            story.boundary.down.clear()
        return over


def merged(story: Story) -> list[tuple[str, int]]:
    return [(str(row["state"]), int(row["attempts"])) for row in story.ended]


@pytest.mark.parametrize("ports", [EVERYTHING, {"tracker"}, {"code_host"}], ids=["both", "tracker", "code host"])
@pytest.mark.parametrize(
    "state", [JobState.WORKING, JobState.CHECKING, JobState.PUBLISHING, JobState.REVIEWING, JobState.MERGING], ids=str
)
def test_a_lost_network_costs_a_job_nothing_but_time(ports: frozenset[str], state: JobState, tmp_path: Path) -> None:
    outage = Outage(frozenset(ports), lambda story: story.is_(state))
    story = Story(tmp_path, outage.begins, outage.ends)
    story.run()
    assert merged(story) == [("merged", 0)]
    assert len(story.told("attempt.started")) == 1
    ((_, at),) = story.told("job.merged")
    assert outage.since is not None
    assert at - outage.since > HOURS


def test_nothing_is_taken_in_while_the_tracker_cannot_be_read(tmp_path: Path) -> None:
    outage = Outage(frozenset({"tracker"}), lambda story: story.is_(JobState.MERGED))
    later: list[int] = []

    def approved(story: Story) -> bool:
        later.append(story.approve_issue())
        return True

    def still_unknown(story: Story) -> bool:
        assert story.context.store.jobs.newest_by_number(later[0]) is None or not story.boundary.down
        return not story.boundary.down

    story = Story(tmp_path, outage.begins, approved, outage.ends, still_unknown)
    story.run()
    assert merged(story) == [("merged", 0), ("merged", 0)]
