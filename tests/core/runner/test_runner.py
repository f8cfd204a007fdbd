"""The runner end to end over real SQLite, git and the local forge, with scripted sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forge_loop.config.model import Critic, Merge, MergeMethod, MergeMode, Po, PoMode, Retry, Scheduling
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.errors import LoopRunningError
from forge_loop.ports import CommandResult
from forge_loop.runner import Until
from forge_loop.runner.lock import LoopLock
from support.runner_world import (
    REPORT,
    SETTINGS,
    ShellCommands,
    World,
    approve,
    approves,
    commits,
    done,
    ended,
    git,
    open_world,
    script,
)


def finding(severity: str, category: str = "correctness", message: str = "it greets nobody") -> dict[str, object]:
    return {"severity": severity, "category": category, "file": "hello.txt", "line": 1, "message": message}


def verdict(overall: str, *findings: dict[str, object]) -> Callable[[SessionOrder], SessionEnded]:
    return lambda order: done(order, {"overall": overall, "findings": list(findings), "reviewed": ["hello.txt"]})


def test_an_approved_issue_becomes_one_squash_commit_and_the_checkout_is_not_moved(tmp_path: Path) -> None:
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)}
    )
    before = git(world.project, "rev-parse", "HEAD")
    number = approve(world, "Say hello")
    world.run()
    assert world.faults == []
    assert world.state(number) is JobState.MERGED
    assert world.main_log() == [f"Say hello (#{number})", "first"]
    assert git(world.project, "rev-parse", "HEAD") == before
    assert not world.tracker.issue(number).open
    assert list(world.layout.workspaces.glob("*")) == []


def test_events_jsonl_is_gapless_and_equal_to_the_database(tmp_path: Path) -> None:
    world = open_world(tmp_path, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)})
    approve(world, "One")
    world.run()
    lines = world.layout.events.read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines == [event.line() for event in world.events()]


def test_nothing_is_taken_without_the_label(tmp_path: Path) -> None:
    world = open_world(tmp_path, {})
    world.tracker.add(title="Not approved", body="text")
    world.run()
    assert world.context.store.jobs.select() == []


def test_a_finding_sends_the_work_back_once_and_the_same_conversation_mends_it(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"hello.txt": "Helo.\n"}), commits({"hello.txt": "Hello.\n"})),
            Role.CRITIC: script(verdict("request_changes", finding("sev2")), approves),
        },
    )
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.job(number).round == 1
    workers = [order for order in world.agents.orders if order.role is Role.WORKER]
    assert [order.resume for order in workers] == [False, True]
    assert workers[0].id == workers[1].id
    assert "it greets nobody" in workers[1].prompt
    assert "finding.closed" in world.kinds()


def test_a_round_that_was_cut_off_is_told_anew_what_it_is_for(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(
                commits({"hello.txt": "Helo.\n"}),
                lambda order: ended(order, SessionOutcome.TRANSIENT, "overloaded"),
                commits({"hello.txt": "Hello.\n"}),
            ),
            Role.CRITIC: script(verdict("request_changes", finding("sev2")), approves),
        },
    )
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.PARKED
    world.clock.ahead += timedelta(minutes=5)
    world = reopen(world, tmp_path)
    world.run()
    assert world.state(number) is JobState.MERGED
    (again,) = [order for order in world.agents.orders if order.role is Role.WORKER]
    assert "The loop was interrupted" in again.prompt
    assert "it greets nobody" in again.prompt


def test_red_checks_go_back_to_the_worker_with_their_output(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, checks=("test ! -f hello.txt || grep -q Hello hello.txt || { echo no greeting; exit 1; }",)
    )
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"hello.txt": "x\n"}), commits({"hello.txt": "Hello.\n"})),
            Role.CRITIC: script(approves),
        },
        settings=settings,
    )
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    revision = [order for order in world.agents.orders if order.role is Role.WORKER][1]
    assert "no greeting" in revision.prompt


def test_a_block_hands_over_and_nothing_is_merged(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"redis.py": "x\n"})),
            Role.CRITIC: script(verdict("block", finding("sev1", "product", "scaffold theatre"))),
        },
    )
    number = approve(world, "Configurable backend")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert "scaffold theatre" in (world.job(number).reason or "")
    assert world.main_log() == ["first"]
    assert world.tracker.issue(number).labels == {"loop:needs-human"}


@pytest.mark.parametrize("severity", ["sev1", "sev2"])
def test_an_approval_with_a_blocking_finding_does_not_merge(tmp_path: Path, severity: str) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"a": "1\n"}), commits({"a": "2\n"})),
            Role.CRITIC: script(verdict("approve", finding(severity)), approves),
        },
    )
    number = approve(world, "One")
    world.run()
    assert world.job(number).round == 1


def test_an_invalid_report_of_the_critic_is_no_approval(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"a": "a\n"})),
            Role.CRITIC: script(lambda order: done(order, {"overall": "looks good to me"})),
        },
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert world.main_log() == ["first"]


def test_two_jobs_on_one_file_the_second_is_checked_again_on_the_moved_base(tmp_path: Path) -> None:
    text = "".join(f"line {n}\n" for n in range(20))

    def work(order: SessionOrder) -> SessionEnded:
        path = order.workspace / "shared.txt"
        lines = path.read_text().splitlines()
        place = 0 if "#1 " in order.prompt or "First" in order.prompt else 19
        lines[place] = f"changed by {place}"
        return commits({"shared.txt": "\n".join(lines) + "\n"})(order)

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    (world.project / "shared.txt").write_text(text)
    git(world.project, "add", "-A")
    git(world.project, "commit", "-q", "-m", "shared")
    first, second = approve(world, "First"), approve(world, "Second")
    world.run()
    assert world.faults == []
    assert [world.state(first), world.state(second)] == [JobState.MERGED, JobState.MERGED]
    merged = git(world.layout.origin, "show", "main:shared.txt").splitlines()
    assert merged[0] == "changed by 0"
    assert merged[19] == "changed by 19"
    checked = [event for event in world.events() if event.kind == "check.started"]
    assert len(checked) == 3


def test_a_conflict_is_resolved_by_the_worker_on_the_new_base(tmp_path: Path) -> None:
    def work(order: SessionOrder) -> SessionEnded:
        path = order.workspace / "README"
        if "Merge `base`" in order.prompt:
            git(order.workspace, "-c", "merge.ff=false", "merge", "-q", "-X", "theirs", "base", "-m", "merge base")
            return done(order, {"status": "done", "summary": "merged", "tests_run": [], "notes": ""})
        name = "first" if "First" in order.prompt else "second"
        return commits({path.name: f"{name}\n", name: "x\n"})(order)

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    first, second = approve(world, "First"), approve(world, "Second")
    world.run()
    assert world.faults == []
    assert [world.state(first), world.state(second)] == [JobState.MERGED, JobState.MERGED]
    assert sorted(job.round for job in (world.job(first), world.job(second))) == [0, 1]


def resolving(order: SessionOrder) -> SessionEnded:
    git(order.workspace, "-c", "merge.ff=false", "merge", "-q", "-X", "theirs", "base", "-m", "merge base")
    return done(order, REPORT)


def half_merged(order: SessionOrder) -> SessionEnded:
    """Resolves the conflict in its files and leaves the merge without its commit."""
    git(order.workspace, "merge", "-q", "--no-commit", "-X", "theirs", "base")
    return done(order, REPORT)


def concluding(order: SessionOrder) -> SessionEnded:
    git(order.workspace, "commit", "-q", "-m", "merge base")
    return done(order, REPORT)


@pytest.mark.parametrize(
    ("steps", "rounds"),
    [([commits({"third": "x\n"}), resolving], 2), ([half_merged, concluding], 1)],
    ids=["works-on-and-merges-later", "merges-and-is-asked-to-commit"],
)
def test_a_worker_that_leaves_base_out_after_a_conflict_is_sent_back_once_more(
    tmp_path: Path, steps: list[Callable[[SessionOrder], SessionEnded]], rounds: int
) -> None:
    left = list(steps)

    def work(order: SessionOrder) -> SessionEnded:
        if order.resume:
            return left.pop(0)(order)
        name = "first" if "First" in order.prompt else "second"
        return commits({"README": f"{name}\n", name: "x\n"})(order)

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    jobs = [approve(world, "First"), approve(world, "Second")]
    world.run()
    assert world.faults == []
    assert [world.state(number) for number in jobs] == [JobState.MERGED] * 2
    assert sorted(world.job(number).round for number in jobs) == [0, rounds]
    assert sum(world.job(number).attempts for number in jobs) == 0


def test_done_without_a_commit_fails_the_attempt_and_three_of_them_give_up(tmp_path: Path) -> None:
    settings = replace(SETTINGS, retry=Retry(attempts=3, cooldown=0.0))
    world = open_world(
        tmp_path,
        {Role.WORKER: script(lambda order: done(order, REPORT))},
        settings=settings,
    )
    number = approve(world, "One")
    for _ in range(3):
        world.run()
        world.clock.ahead += timedelta(hours=2)
        world = reopen(world, tmp_path)
    job = world.job(number)
    assert job.state is JobState.GIVEN_UP
    assert job.attempts == 3
    assert job.failure_kind is FailureKind.NO_COMMIT
    assert world.tracker.issue(number).labels == {"loop:blocked"}


def reopen(world: World, root: Path) -> World:
    world.close()
    return open_world(root, world.agents._scripts, settings=world.settings, clock=world.clock)


def test_uncommitted_work_is_asked_for_once(tmp_path: Path) -> None:
    def forgetful(order: SessionOrder) -> SessionEnded:
        (order.workspace / "hello.txt").write_text("Hello.\n")
        return done(order, REPORT)

    world = open_world(
        tmp_path,
        {Role.WORKER: script(forgetful, commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)},
    )
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert "not committed" in world.agents.orders[1].prompt


def test_a_usage_limit_parks_the_loop_charges_nothing_and_the_session_resumes(tmp_path: Path) -> None:
    clock_reset = datetime.now(UTC) + timedelta(hours=3)

    def limited(order: SessionOrder) -> SessionEnded:
        return replace(ended(order, SessionOutcome.LIMIT, "usage limit"), resets_at=clock_reset)

    scripts = {Role.WORKER: script(limited, commits({"a": "a\n"})), Role.CRITIC: script(approves)}
    world = open_world(tmp_path, scripts)
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.PARKED
    assert world.job(number).attempts == 0
    until = world.context.store.loop().parked_until
    assert until is not None
    assert clock_reset <= until + timedelta(milliseconds=1) <= clock_reset + timedelta(seconds=61)
    session = world.agents.orders[0].id
    world.clock.ahead = timedelta(hours=4)
    world.close()
    again = open_world(tmp_path, scripts, clock=world.clock)
    again.agents._kept = world.agents._kept
    again.run()
    assert again.state(number) is JobState.MERGED
    assert again.agents.orders[0].id == session
    assert again.agents.orders[0].resume
    assert again.job(number).attempts == 0


def test_a_person_who_closes_the_issue_wins(tmp_path: Path) -> None:
    world = open_world(tmp_path, {Role.CRITIC: script(approves)})
    number = approve(world, "One")

    def close_it(order: SessionOrder) -> SessionEnded:
        world.tracker.close(number, "not wanted any more")
        return commits({"a": "a\n"})(order)

    world.agents._scripts[Role.WORKER] = script(close_it)
    world.run()
    assert world.state(number) is JobState.YIELDED
    assert world.main_log() == ["first"]


def test_manual_mode_leaves_the_merge_to_a_person(tmp_path: Path) -> None:
    settings = replace(SETTINGS, merge=Merge(mode=MergeMode.MANUAL), critic=Critic(enabled=False))
    world = open_world(tmp_path, {Role.WORKER: script(commits({"a": "a\n"}))}, settings=settings)
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert world.main_log() == ["first"]


def test_a_protected_path_is_never_merged_without_a_person(tmp_path: Path) -> None:
    world = open_world(tmp_path, {Role.WORKER: script(commits({"CLAUDE.md": "obey\n"})), Role.CRITIC: script(approves)})
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert "CLAUDE.md" in (world.job(number).reason or "")


def test_without_checks_nothing_is_merged(tmp_path: Path) -> None:
    settings = replace(SETTINGS, checks=())
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)}, settings=settings
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert "no checks are configured" in (world.job(number).reason or "")


def test_a_second_loop_on_the_same_state_directory_is_refused(tmp_path: Path) -> None:
    world = open_world(tmp_path, {})
    with LoopLock(world.layout.lock), pytest.raises(LoopRunningError, match="another loop holds"):
        world.runner.run(Until(ticks=1))


def test_parallel_jobs_never_exceed_the_slots(tmp_path: Path) -> None:
    seen: list[int] = []

    def work(order: SessionOrder) -> SessionEnded:
        seen.append(len(world.context.in_hand))
        return commits({order.workspace.name: "x\n"})(order)

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    for index in range(5):
        approve(world, f"Issue {index}")
    world.run(40)
    assert world.faults == []
    assert max(seen) <= world.settings.scheduling.parallel
    assert len(world.main_log()) == 6


def test_checks_that_are_red_on_the_untouched_base_cost_no_issue_an_attempt(tmp_path: Path) -> None:
    settings = replace(SETTINGS, checks=("test -f green || { echo not green; exit 1; }",))
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)}, settings=settings
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.QUEUED
    assert world.agents.orders == []
    assert any("not green" in event.data.get("reason", "") for event in world.events() if event.kind == "loop.halted")
    (world.project / "green").write_text("")
    git(world.project, "add", "-A")
    git(world.project, "commit", "-q", "-m", "mend base")
    world = reopen(world, tmp_path)
    world.run()
    assert world.state(number) is JobState.MERGED
    told = [event.kind for event in world.events() if event.kind in ("loop.halted", "loop.resumed", "job.claimed")]
    assert told == ["loop.halted", "loop.resumed", "job.claimed"]


def test_three_issues_that_fail_alike_halt_dispatch_until_it_is_resumed(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, retry=Retry(attempts=3, cooldown=0.0), scheduling=Scheduling(parallel=1, tick_seconds=0.05)
    )
    world = open_world(tmp_path, {Role.WORKER: script(lambda order: done(order, REPORT))}, settings=settings)
    numbers = [approve(world, f"Issue {index}") for index in range(4)]
    world.run()
    assert "failed alike" in (world.context.store.loop().halt_reason or "")
    waiting = [JobState.COOLING] * 3 + [JobState.QUEUED]
    assert [world.state(number) for number in numbers] == waiting
    world = reopen(world, tmp_path)
    world.run()
    assert "failed alike" in (world.context.store.loop().halt_reason or ""), "a start ends no halt"
    assert [world.state(number) for number in numbers] == waiting
    world.context.store.requests.insert(
        kind="resume", issue=None, detail={}, requested_at=world.clock.now(), state="requested"
    )
    world = reopen(world, tmp_path)
    world.run()
    assert world.context.store.loop().halt_reason is None
    assert world.state(numbers[3]) is JobState.COOLING


def test_a_finding_that_is_named_again_keeps_its_id_and_is_never_demoted(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"a": "1\n"}), commits({"a": "2\n"}), commits({"a": "3\n"})),
            Role.CRITIC: script(
                verdict("request_changes", finding("sev2")), verdict("approve", finding("sev3")), approves
            ),
        },
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.job(number).round == 2
    assert world.kinds().count("finding.opened") == 1
    assert world.kinds().count("finding.closed") == 1


def test_a_large_approval_that_names_nothing_is_asked_once_more_and_then_handed_over(tmp_path: Path) -> None:
    silent = {"overall": "approve", "findings": [], "reviewed": [" "]}
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"a": "line\n" * 101})),
            Role.CRITIC: script(lambda order: done(order, silent)),
        },
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    critics = [order for order in world.agents.orders if order.role is Role.CRITIC]
    assert [order.resume for order in critics] == [False, True]
    assert world.main_log() == ["first"]


def test_a_large_approval_that_answers_when_asked_is_believed(tmp_path: Path) -> None:
    silent = {"overall": "approve", "findings": [], "reviewed": []}
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(commits({"a": "line\n" * 101})),
            Role.CRITIC: script(lambda order: done(order, silent), approves),
        },
    )
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.MERGED


def test_a_fault_of_the_loops_own_ends_with_a_reason_and_not_never(tmp_path: Path) -> None:
    class Broken(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **more: Any) -> CommandResult:
            if directory.name.startswith("1-"):
                raise LookupError("a fault of the loop's own")
            return super().run(command, directory=directory, timeout=timeout, **more)

    settings = replace(SETTINGS, retry=Retry(attempts=1, cooldown=0.0))
    world = open_world(tmp_path, {Role.WORKER: script(commits({"a": "a\n"}))}, settings=settings, commands=Broken())
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.GIVEN_UP
    assert "a fault of the loop's own" in (world.job(number).reason or "")


def test_interruptions_in_a_row_wait_longer_each_time_and_charge_nothing(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(
                lambda order: ended(order, SessionOutcome.TRANSIENT, "overloaded"),
                lambda order: ended(order, SessionOutcome.TRANSIENT, "overloaded"),
                commits({"a": "a\n"}),
            ),
            Role.CRITIC: script(approves),
        },
    )
    number = approve(world, "One")
    waits = []
    for _ in range(2):
        world.run()
        job = world.job(number)
        assert job.state is JobState.PARKED
        assert job.not_before is not None
        waits.append((job.not_before - job.updated_at).total_seconds())
        world.clock.ahead += timedelta(minutes=5)
        world = reopen(world, tmp_path)
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.job(number).attempts == 0
    assert 27 <= waits[0] <= 33
    assert 54 <= waits[1] <= 66


def test_a_clone_that_a_check_on_base_left_goes_at_the_next_start(tmp_path: Path) -> None:
    world = open_world(tmp_path, {})
    world.run()
    left = world.layout.workspaces / "base-check"
    left.mkdir()
    again = open_world(tmp_path, {})
    again.run()
    assert not left.exists()
    assert len(again.context.store.base_checks.select()) == 1


def test_no_spec_is_written_in_a_clone_that_is_still_to_be_removed(tmp_path: Path) -> None:
    """The removal of the last attempt's clones takes every clone of the job: a new attempt waits for it."""
    settings = replace(SETTINGS, po=Po(enabled=True, mode=PoMode.AUTO))
    scripts = {Role.PO: script(lambda order: done(order, {"nothing": "of use"}))}

    def cannot_remove(world: World) -> None:
        remove = world.context.workspaces.remove

        def cannot(path: Path) -> None:
            if path.name.startswith("1-"):
                raise OSError("busy")
            remove(path)

        world.context.workspaces.remove = cannot  # type: ignore[method-assign]

    world = open_world(tmp_path, scripts, settings=settings)
    cannot_remove(world)
    number = approve(world, "Thin", body="too little")
    world.run()
    assert world.state(number) is JobState.COOLING
    again = open_world(tmp_path, scripts, settings=settings)
    again.clock.ahead = timedelta(hours=2)
    cannot_remove(again)
    again.runner.run(Until(ticks=12))
    assert again.state(number) is JobState.EXPANDING
    assert again.agents.orders == []
    last = open_world(tmp_path, scripts, settings=settings)
    last.clock.ahead = timedelta(hours=2)
    last.run()
    assert [order.role for order in last.agents.orders] == [Role.PO]


@pytest.mark.parametrize(
    ("message", "method", "state"),
    [
        ("Say hello\n\nFixes #99", MergeMethod.REBASE, JobState.HANDED_OVER),
        ("Say hello\n\nFixes #99", MergeMethod.SQUASH, JobState.MERGED),
        ("Say hello\n\nFixes #1", MergeMethod.REBASE, JobState.MERGED),
    ],
)
def test_a_workers_message_that_would_close_something_else_needs_a_person_where_it_reaches_base(
    tmp_path: Path, message: str, method: MergeMethod, state: JobState
) -> None:
    worker = script(commits({"hello.txt": "Hello.\n"}, message=message))
    settings = replace(SETTINGS, merge=replace(SETTINGS.merge, method=method))
    world = open_world(tmp_path, {Role.WORKER: worker, Role.CRITIC: script(approves)}, settings=settings)
    number = approve(world, "Say hello")
    world.run()
    assert (number, world.state(number)) == (1, state)
    if state is JobState.HANDED_OVER:
        job = world.context.store.jobs.newest_by_number(number)
        assert job is not None
        assert "a commit's message would close #99" in (job.reason or "")


def test_a_title_closes_nothing_when_it_becomes_a_commit(tmp_path: Path) -> None:
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)}
    )
    number = approve(world, "Say hello, fixes #99")
    world.run()
    assert world.main_log() == [f"Say hello, fixes 99 (#{number})", "first"]
