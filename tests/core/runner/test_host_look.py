"""What the loop does about the code host's own checks, from the first look to the merge or a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from forge_loop.domain.host_checks import DWELL, HostCheckState
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from forge_loop.errors import UnreadableError
from simulation.story import Step, Story
from simulation.talking import ends, nothing, opened, state_of, waits, when

PASSED, FAILED, PENDING = HostCheckState.PASSED, HostCheckState.FAILED, HostCheckState.PENDING


def checked_host(tmp_path: Path, *steps: Step, issues: int = 1) -> Story:
    """A code host that runs checks of its own."""
    story = Story(tmp_path, *steps, issues=issues)
    story.host.host_checks = {}
    return story


def test_a_merge_waits_until_the_hosts_checks_are_done(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(story: Story) -> None:
        seen.append(story.job().waits_for or "")
        assert story.is_(JobState.MERGING)
        assert story.host.pulls[1].landed is None

    story = checked_host(
        tmp_path, when(opened, ends(PENDING)), when(waits, look), when(waits, ends(PASSED)), when(waits, look)
    )
    story.run()
    assert state_of(story) == "merged"
    assert seen[0] == "the code host's checks are not done: build"


def test_no_check_so_soon_after_the_push_is_waited_for_and_then_believed(tmp_path: Path) -> None:
    story = checked_host(tmp_path)
    story.run()
    assert state_of(story) == "merged"
    rows = dict(story.told("pull_request.opened", "pull_request.merged"))
    assert rows["pull_request.merged"] - rows["pull_request.opened"] >= DWELL


def test_a_failed_check_goes_back_to_the_worker_with_its_output(tmp_path: Path) -> None:
    def mended(story: Story) -> bool:
        return opened(story) and story.is_(JobState.MERGING) and story.job().round == 1

    story = checked_host(
        tmp_path, when(opened, ends(FAILED, output="no greeting in hello.txt")), when(mended, ends(PASSED))
    )
    story.run()
    assert state_of(story) == "merged"
    workers = [order for order in story.sessions.agents.orders if order.role is Role.WORKER]
    assert len(workers) == 2
    assert "no greeting in hello.txt" in workers[1].prompt
    assert story.ended[0]["attempts"] == 0


def test_checks_that_never_end_are_for_a_person(tmp_path: Path) -> None:
    story = checked_host(tmp_path, when(opened, ends(PENDING)))
    story.run()
    assert state_of(story) == "handed_over"
    assert "nothing has happened to the code host's checks" in story.ended[0]["reason"]


def begins(name: str) -> Callable[[Story], None]:
    return lambda story: story.host.check_ends(_head(story), name, PENDING)


def test_checks_that_go_on_for_too_long_are_for_a_person(tmp_path: Path) -> None:
    def later(story: Story) -> bool:
        story.clock.advance(1500)
        return True

    news = [step for number in range(9) for step in (when(waits, begins(f"check {number}")), later)]
    story = checked_host(tmp_path, when(opened, ends(PENDING)), *news)
    story.run()
    assert state_of(story) == "handed_over"
    assert "did not end in time" in story.ended[0]["reason"]


def _head(story: Story) -> str:
    return story.host.pulls[1].head_sha


def test_the_hosts_checks_alone_are_evidence_enough(tmp_path: Path) -> None:
    story = checked_host(tmp_path, when(opened, ends(PASSED)))
    story.settings = replace(story.settings, checks=())
    story.run()
    assert state_of(story) == "merged"


def test_without_any_check_anywhere_a_person_merges(tmp_path: Path) -> None:
    story = checked_host(tmp_path)
    story.settings = replace(story.settings, checks=())
    story.run()
    assert state_of(story) == "handed_over"
    assert "nothing shows that it works" in story.ended[0]["reason"]


def test_checks_that_cannot_be_read_are_never_taken_for_green(tmp_path: Path) -> None:
    def unseen(_sha: str) -> list[object]:
        raise UnreadableError("required, and not to be seen with this token")

    story = checked_host(tmp_path)
    story.host.checks = unseen  # type: ignore[method-assign,assignment]
    story.run()
    assert state_of(story) == "handed_over"
    assert "not to be seen with this token" in story.ended[0]["reason"]


def test_a_job_that_waits_leaves_its_slot_to_the_next(tmp_path: Path) -> None:
    story = checked_host(
        tmp_path,
        when(opened, ends(PENDING)),
        when(lambda story: waits(story) and story.is_(JobState.WORKING, 2), nothing),
        when(waits, ends(PASSED)),
        when(lambda story: 2 in story.host.pulls, ends(PASSED, pull=2)),
        issues=2,
    )
    story.settings = replace(story.settings, scheduling=replace(story.settings.scheduling, parallel=1))
    story.run()
    assert [state_of(story, issue) for issue in (1, 2)] == ["merged", "merged"]


def test_a_job_that_comes_back_from_waiting_waits_for_a_slot_where_there_is_none(tmp_path: Path) -> None:
    story = checked_host(
        tmp_path,
        when(opened, ends(PENDING)),
        when(lambda story: waits(story) and story.is_(JobState.WORKING, 2), ends(FAILED)),
        when(lambda story: story.is_(JobState.REVISING), nothing),
        when(lambda story: story.job().round == 1 and story.is_(JobState.MERGING), ends(PASSED)),
        when(lambda story: 2 in story.host.pulls, ends(PASSED, pull=2)),
        issues=2,
    )
    story.settings = replace(story.settings, scheduling=replace(story.settings.scheduling, parallel=1))
    story.run()
    assert [state_of(story, issue) for issue in (1, 2)] == ["merged", "merged"]


def test_an_hour_of_waiting_costs_a_few_looks(tmp_path: Path) -> None:
    looks: list[str] = []
    story = checked_host(tmp_path, when(opened, ends(PENDING)))
    real = story.host.checks
    story.host.checks = lambda sha: looks.append(sha) or real(sha)  # type: ignore[method-assign,func-returns-value]
    story.run()
    merged = [at for _, at in story.told("pull_request.opened", "job.handed_over")]
    assert merged[1] - merged[0] >= timedelta(minutes=30)
    assert len(looks) <= 30


def test_a_restart_goes_on_waiting_from_where_it_was(tmp_path: Path) -> None:
    story = checked_host(
        tmp_path,
        when(opened, ends(PENDING)),
        when(waits, lambda story: story.people.request("stop", None, {"now": False})),
        when(lambda story: story.processes == 2 and waits(story), ends(PASSED)),
    )
    story.run()
    assert story.processes == 2
    assert state_of(story) == "merged"
