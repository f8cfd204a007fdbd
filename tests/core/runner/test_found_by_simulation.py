"""What random worlds found in the runner, each told as the shortest story that shows it.

The simulation's invariants watch every story: a test that names no assertion of its own still fails where one breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from simulation.story import Step, Story


def told(tmp_path: Path, *steps: Step, issues: int = 1, maintenance: bool = False) -> Story:
    story = Story(tmp_path, *steps, issues=issues, maintenance=maintenance)
    story.run()
    return story


def when(holds: Callable[[Story], bool], act: Callable[[Story], object]) -> Step:
    """Do this as soon as that holds."""

    def step(story: Story) -> bool:
        if not holds(story):
            return False
        act(story)
        return True

    return step


def always(_story: Story) -> bool:
    return True


def about_to(effect: str) -> Callable[[Story], bool]:
    return lambda story: story.about_to(effect)


def playing(story: Story) -> bool:
    return bool(story.sessions.playing)


def in_state(state: JobState, issue: int = 1) -> Callable[[Story], bool]:
    return lambda story: story.is_(state, issue)


def state_of(story: Story, issue: int = 1) -> str:
    (row,) = [entry for entry in story.ended if entry["issue"] == issue][-1:]
    return str(row["state"])


def test_nothing_is_pushed_for_an_issue_that_was_closed_during_an_outage(tmp_path: Path) -> None:
    story = told(
        tmp_path,
        when(about_to("push"), lambda story: story.boundary.down.add("code_host")),
        when(always, lambda story: story.people._close(story.tracker.tickets[1])),
        when(always, lambda story: story.boundary.down.clear()),
    )
    assert state_of(story) == "yielded"
    assert list(story.repository.branches) == ["main"]


def test_what_is_harvested_for_a_job_that_was_skipped_meanwhile_is_dropped(tmp_path: Path) -> None:
    def harvesting(story: Story) -> bool:
        return story.is_(JobState.WORKING) and story.errands.busy("job:1") and not story.sessions.playing

    story = told(
        tmp_path,
        playing,
        when(harvesting, lambda story: story.people.request("skip", 1, {})),
    )
    assert state_of(story) == "cancelled"
    assert not story.faults


def test_a_pull_request_that_a_person_closed_before_it_was_recorded_ends_the_work(tmp_path: Path) -> None:
    def lose(story: Story) -> None:
        story.boundary.lost_replies = 1.0

    def close(story: Story) -> None:
        story.boundary.lost_replies = 0.0
        story.people._close_pull(story.host.pulls[1])

    story = told(tmp_path, when(about_to("pull_request.open"), lose), when(lambda story: bool(story.host.pulls), close))
    assert state_of(story) == "yielded"
    assert not story.sessions.fired["critic approve"]
    assert story.labels() == {"loop:ready"}


def test_a_merge_that_meets_a_closed_pull_request_is_a_persons_word_and_no_refusal(tmp_path: Path) -> None:
    story = told(tmp_path, when(about_to("merge"), lambda story: story.people._close_pull(story.host.pulls[1])))
    assert state_of(story) == "yielded"
    assert story.labels() == {"loop:ready"}


def test_a_merge_is_not_done_for_a_text_that_was_edited_just_before_it(tmp_path: Path) -> None:
    story = told(tmp_path, when(about_to("merge"), lambda story: story.people._edit(story.tracker.tickets[1])))
    assert state_of(story) == "handed_over"
    assert story.host.pulls[1].landed is None


def test_a_label_that_was_given_anew_is_not_taken_away_by_what_the_last_job_left_to_do(tmp_path: Path) -> None:
    def lose(story: Story) -> None:
        story.boundary.lost_replies = 1.0

    def approve_anew(story: Story) -> None:
        story.boundary.lost_replies = 0.0
        story.people._label(story.tracker.tickets[1])

    story = Story(
        tmp_path,
        when(lambda story: "loop:needs-human" in story.labels(), lose),
        when(lambda story: "loop:ready" not in story.labels(), approve_anew),
    )
    story.sessions.told[Role.CRITIC] = ["block"]
    story.run()
    assert [row["state"] for row in story.ended] == ["handed_over", "merged"]


def test_an_issue_that_is_deleted_does_not_hide_the_others(tmp_path: Path) -> None:
    def delete(story: Story) -> None:
        story.people._delete(story.tracker.tickets[1])
        story.approve_issue()

    story = Story(tmp_path, when(playing, delete))
    story.sessions.told[Role.WORKER] = ["silent"]
    story.run()
    assert [state_of(story, issue) for issue in (1, 2)] == ["yielded", "merged"]
    assert story.ended[0]["attempts"] == 0


def test_maintenance_leaves_alone_what_began_after_it(tmp_path: Path) -> None:
    def hold(story: Story) -> None:
        story.errands.held.add("maintenance")
        story.approve_issue()

    story = told(
        tmp_path,
        when(lambda story: story.errands.busy("maintenance"), hold),
        when(playing, lambda story: story.errands.held.clear()),
        issues=0,
        maintenance=True,
    )
    assert state_of(story) == "merged"


def test_the_end_of_a_session_is_written_down_once_the_disk_has_room_again(tmp_path: Path) -> None:
    def fill(story: Story) -> None:
        story.sessions.end_well()
        story.boundary.disk_full = True

    def clear(story: Story) -> None:
        story.boundary.disk_full = False

    story = Story(tmp_path, playing, when(playing, fill), when(always, clear))
    story.sessions.told[Role.WORKER] = ["silent"]
    story.run()
    assert state_of(story) == "merged"
    assert not story.sessions.fired["worker good"]


def test_a_job_whose_entry_came_due_too_early_still_waits_for_its_time(tmp_path: Path) -> None:
    def come_due(story: Story) -> None:
        job = story.job()
        story.context.store.jobs.update(job.id, not_before=story.clock.now() + timedelta(hours=1))
        story.context.queue.reschedule(f"job:{job.id}")

    story = Story(tmp_path, when(in_state(JobState.COOLING), come_due))
    story.sessions.told[Role.WORKER] = ["no_commit"]
    story.run()
    assert state_of(story) == "merged"


def test_a_loop_that_took_long_to_stop_gives_back_only_what_is_still_its_own(tmp_path: Path) -> None:
    def stop(story: Story) -> None:
        story.slow_stop = 7200.0
        story.people.request("stop", None, {"now": True})

    story = told(tmp_path, when(playing, stop))
    assert state_of(story) == "merged"
    assert story.processes == 2


def test_an_approval_is_not_bound_to_what_was_seen_before_it(tmp_path: Path) -> None:
    def approve_anew(story: Story) -> None:
        story.people._edit(story.tracker.tickets[1])
        story.clock.advance(2)
        story.people.request("approve", 1, story.people._approve(1))
        story.errands.held.add("observe")

    story = told(
        tmp_path,
        when(in_state(JobState.WORKING), lambda story: story.people.request("skip", 1, {})),
        when(in_state(JobState.CANCELLED), approve_anew),
        when(always, lambda story: story.errands.held.clear()),
    )
    assert state_of(story) == "merged"


def test_checks_that_told_two_things_of_one_base_are_asked_again(tmp_path: Path) -> None:
    story = Story(tmp_path)
    base = story.host.base_sha("main")
    for passed in (True, False):
        story.operator.base_checks.insert(
            base_sha=base, command="check", passed=passed, status=0, output="", seconds=0.0, at=story.clock.now()
        )
    story.run()
    assert state_of(story) == "merged"


def test_checks_that_were_red_are_asked_again_on_resume_even_if_the_clock_was_set_back(tmp_path: Path) -> None:
    def mend(story: Story) -> None:
        story.clock.set_back(1800)
        story.commands.broken = False
        story.people.request("resume", None, {})

    story = Story(tmp_path, when(lambda story: story.commands.fired["check broken"] > 0, mend))
    story.commands.broken = True
    story.run()
    assert state_of(story) == "merged"


def test_the_watchdog_ends_a_session_although_the_disk_was_full_when_it_first_wanted_to(tmp_path: Path) -> None:
    def fill(story: Story) -> None:
        story.clock.advance(1000)
        story.boundary.disk_full = True

    def clear(story: Story) -> None:
        story.boundary.disk_full = False

    story = Story(tmp_path, playing, when(playing, fill), when(always, clear))
    story.sessions.told[Role.WORKER] = ["silent"]
    story.run()
    assert state_of(story) == "merged"


def test_what_is_under_way_for_a_job_that_ended_meanwhile_is_not_done(tmp_path: Path) -> None:
    """The label is given again before the effect's own look: only the rows know that the job is over."""

    def hold(story: Story) -> None:
        story.errands.held.add("effect:1")
        story.people._close(story.tracker.tickets[1])

    def open_again(story: Story) -> None:
        story.tracker.tickets[1].open = True
        story.errands.held.clear()

    story = told(
        tmp_path,
        when(lambda story: story.is_(JobState.PUBLISHING) and story.errands.busy("effect:1"), hold),
        when(in_state(JobState.YIELDED), open_again),
    )
    assert story.ended[0]["state"] == "yielded"
    assert story.ended[0]["pull_request"] is None
