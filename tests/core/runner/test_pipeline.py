"""The pipeline over the real runner: reviews side by side, commands, people, and what they lead to together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, NodeState, Pipeline, When
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.errors import ConfigError
from forge_loop.ports import CommandResult
from forge_loop.runner import Runner, Until
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.pipeline import standing_of
from forge_loop.store import RequestState
from support.runner_world import (
    APPROVAL,
    SETTINGS,
    ShellCommands,
    World,
    approve,
    commits,
    done,
    ended,
    open_world,
    script,
)

CRITIC = CRITIC_ALONE.nodes[0]
SECURITY = Node(name="security", kind=NodeKind.REVIEW, brief="# Security of #{{ issue_number }}\n\n{{ diff }}\n")
BENCH = Node(name="bench", kind=NodeKind.COMMAND, needs=("critic", "security"), command="test -f hello.txt")
GATE = Node(name="owner", kind=NodeKind.HUMAN, needs=("bench",))
Answer = Callable[[SessionOrder], SessionEnded]


def finding(message: str) -> dict[str, object]:
    return {"severity": "sev2", "category": "security", "file": "hello.txt", "line": 1, "message": message}


def says(overall: str, *findings: dict[str, object]) -> dict[str, object]:
    return {"overall": overall, "findings": list(findings), "reviewed": ["hello.txt"]}


def by_node(**answers: list[dict[str, object]]) -> Any:
    """Each reviewer gives its verdicts in turn; the last is repeated. Who has none approves."""
    waiting = {name: list(given) for name, given in answers.items()}

    def review(order: SessionOrder) -> SessionEnded:
        name = "security" if "# Security of" in order.prompt else "critic"
        left = waiting.get(name) or [dict(APPROVAL)]
        return done(order, left.pop(0) if len(left) > 1 else left[0])

    return script(review)


def world_of(root: Path, *nodes: Node, critics: Any = None, commands: Any = None) -> World:
    texts = iter(f"Hello, {number}.\n" for number in range(9))

    def work(order: SessionOrder) -> SessionEnded:
        return commits({"hello.txt": next(texts)})(order)

    world = open_world(
        root, {Role.WORKER: script(work), Role.CRITIC: critics or by_node()}, settings=SETTINGS, commands=commands
    )
    world.context.pipeline = Pipeline(nodes=nodes)
    return world


def request(world: World, kind: str, issue: int, **detail: object) -> None:
    world.context.store.requests.insert(
        kind=kind, issue=issue, detail=detail, requested_at=world.clock.now(), state=RequestState.REQUESTED
    )


def answers(world: World) -> list[tuple[str, str | None]]:
    return [(str(row.state), row.answer) for row in world.context.store.requests.select()]


def test_reviews_side_by_side_and_a_command_after_them_lead_to_one_merge(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC, SECURITY, BENCH)
    number = approve(world, "Say hello")
    world.run()
    assert world.faults == []
    assert world.state(number) is JobState.MERGED
    reviews = world.context.store.reviews.select()
    assert sorted(row.node for row in reviews) == ["critic", "security"]
    kinds = [kind for kind in world.kinds() if kind.split(".")[0] in ("review", "node", "pull_request")]
    assert kinds[:3] == ["pull_request.opened", "review.started", "review.started"]
    assert kinds[-3:] == ["node.started", "node.finished", "pull_request.merged"]
    prompts = [order.prompt for order in world.agents.orders if order.role is Role.CRITIC]
    assert sum(prompt.startswith(f"# Security of #{number}") for prompt in prompts) == 1


def test_one_reviewer_that_does_not_approve_is_enough_and_its_findings_are_its_own(tmp_path: Path) -> None:
    critics = by_node(security=[says("request_changes", finding("it greets strangers")), says("approve")])
    world = world_of(tmp_path, CRITIC, SECURITY, critics=critics)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.job(number).round == 1
    rows = [(row.node, row.approves, row.round) for row in world.context.store.reviews.select()]
    assert sorted(rows) == [
        ("critic", True, 0), ("critic", True, 1), ("security", False, 0), ("security", True, 1)
    ]  # fmt: skip
    (found,) = world.context.store.findings.select()
    assert (found.node, found.closed_at is not None) == ("security", True)
    (revision,) = [order.prompt for order in world.agents.orders if order.prompt.startswith("Round 1")]
    assert "the security asks for changes (1 blocking findings)" in revision
    assert "it greets strangers" in revision


def test_a_reviewer_that_blocks_hands_over_even_if_the_critic_approves(tmp_path: Path) -> None:
    critics = by_node(security=[says("block", finding("a way in for anybody"))])
    world = world_of(tmp_path, CRITIC, SECURITY, critics=critics)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.HANDED_OVER
    assert world.job(number).reason == "the security blocks it: security: a way in for anybody"
    assert world.main_log() == ["first"]


def test_a_command_that_fails_goes_back_to_the_worker_with_what_it_printed(tmp_path: Path) -> None:
    bench = replace(BENCH, command="echo too slow; grep -q 1 hello.txt")
    world = world_of(tmp_path, CRITIC, SECURITY, bench)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.job(number).round == 1
    (revision,) = [order.prompt for order in world.agents.orders if order.prompt.startswith("Round 1: bench failed")]
    assert "too slow" in revision
    states = [row.state for row in world.context.store.node_runs.select()]
    assert states == [NodeState.FAILED, NodeState.PASSED]


def test_a_command_is_tried_again_as_often_as_it_may_be_and_one_out_of_time_has_failed(tmp_path: Path) -> None:
    ran: list[str] = []

    class Flaky(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **given: Any) -> CommandResult:
            if "FORGE_LOOP_OUTPUTS" not in command:
                return super().run(command, directory=directory, timeout=timeout, **given)
            ran.append(command)
            assert timeout == 7.0
            status = 0 if len(ran) == 3 else None
            return CommandResult(status=status, output="", seconds=0.0)

    bench = replace(BENCH, needs=(), retries=2, timeout=7.0)
    world = world_of(tmp_path, CRITIC, bench, commands=Flaky())
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    (row,) = world.context.store.node_runs.select()
    assert (row.tries, row.state, len(ran)) == (3, NodeState.PASSED, 3)


def test_a_command_reads_what_the_nodes_before_it_said(tmp_path: Path) -> None:
    reads = """python3 -c "
import json, os
said = json.load(open(os.environ['FORGE_LOOP_OUTPUTS']))
assert said['critic']['overall'] == 'approve', said
assert set(said) == {'critic', 'security'}, said
" """
    world = world_of(tmp_path, CRITIC, SECURITY, replace(BENCH, command=reads))
    number = approve(world, "Say hello")
    world.run()
    assert [row.output for row in world.context.store.node_runs.select()] == [""]
    assert world.state(number) is JobState.MERGED


def test_what_is_not_required_may_fail_and_the_merge_goes_on(tmp_path: Path) -> None:
    bench = replace(BENCH, needs=(), command="exit 3", required=False)
    world = world_of(tmp_path, CRITIC, bench)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.context.store.node_runs.select()[0].detail == "it ended with 3"


@pytest.mark.parametrize(
    ("required", "outcome", "state"),
    [
        (False, SessionOutcome.STOPPED, JobState.MERGED),
        (False, SessionOutcome.NO_REPORT, JobState.MERGED),
        (False, SessionOutcome.LIMIT, JobState.PARKED),
        (True, SessionOutcome.STOPPED, JobState.HANDED_OVER),
    ],
)
def test_a_reviewer_that_comes_to_no_verdict_fails_the_job_only_where_it_is_required(
    required: bool, outcome: SessionOutcome, state: JobState, tmp_path: Path
) -> None:
    def review(order: SessionOrder) -> SessionEnded:
        return ended(order, outcome) if "# Security of" in order.prompt else done(order, APPROVAL)

    world = world_of(tmp_path, CRITIC, replace(SECURITY, required=required), critics=script(review))
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is state
    failed = [(row.node, row.state) for row in world.context.store.node_runs.select()]
    assert failed == ([("security", NodeState.FAILED)] if state is JobState.MERGED else [])


def test_a_malformed_report_of_a_reviewer_that_is_not_required_is_its_own_failure(tmp_path: Path) -> None:
    critics = by_node(security=[{"overall": "looks good to me"}])
    world = world_of(tmp_path, CRITIC, replace(SECURITY, required=False), critics=critics)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    (row,) = world.context.store.node_runs.select()
    assert "the security's report is malformed" in row.detail


def test_a_job_that_waits_for_a_person_leaves_its_slot_and_merges_once_they_agree(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC, replace(GATE, needs=("critic",)))
    world.settings = world.context.settings = replace(
        world.settings, scheduling=replace(world.settings.scheduling, parallel=1)
    )
    first, second = approve(world, "First"), approve(world, "Second")
    world.run()
    waiting = [world.job(number) for number in (first, second)]
    assert [job.state for job in waiting] == [JobState.REVIEWING] * 2
    assert world.main_log() == ["first"]
    again = open_world(tmp_path, world.agents._scripts, settings=world.settings)
    request(again, "pipeline.approve", first, node=None)
    request(again, "pipeline.refuse", second, node="owner", reason="not now")
    again.run()
    said = f"#{first}: owner approves {(waiting[0].head_sha or '')[:12]}"
    assert answers(again)[0] == ("applied", said)
    assert again.state(first) is JobState.MERGED
    assert (again.state(second), again.job(second).reason) == (
        JobState.HANDED_OVER,
        "owner did not agree: not now",
    )


def test_a_word_about_another_commit_than_the_one_that_stands_there_is_refused(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC, replace(GATE, needs=("critic",)))
    number = approve(world, "Say hello")
    world.run()
    head = world.job(number).head_sha or ""
    again = open_world(tmp_path, world.agents._scripts, settings=world.settings)
    request(again, "pipeline.approve", number, node="owner", head_sha="0" * 40)
    again.run()
    assert answers(again) == [("refused", f"#{number} is at another commit than {'0' * 12} by now: look again")]
    assert again.state(number) is JobState.REVIEWING
    last = open_world(tmp_path, world.agents._scripts, settings=world.settings)
    request(last, "pipeline.approve", number, node="owner", head_sha=head)
    last.run()
    assert last.state(number) is JobState.MERGED


def test_nobody_is_asked_twice_and_an_answer_nobody_waits_for_is_refused(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC)
    number = approve(world, "Say hello")
    request(world, "pipeline.approve", number, node="owner")
    world.run()
    assert answers(world) == [("refused", f"#{number} has no job")]
    request(world, "pipeline.approve", number, node="owner")
    world.run()
    assert answers(world)[-1] == ("refused", f"#{number} is merged already")


def test_silence_is_a_no(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC, replace(GATE, needs=()))
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.REVIEWING
    again = open_world(tmp_path, {}, settings=world.settings)
    again.clock.ahead = timedelta(days=7)
    again.run()
    assert again.state(number) is JobState.HANDED_OVER
    assert again.job(number).reason == "owner did not agree: nobody answered in time"


def test_a_person_who_agrees_lifts_the_risk_label_and_nothing_else(tmp_path: Path) -> None:
    gate = Node(name="owner", kind=NodeKind.HUMAN, when=When(labels=("risk:high",)))
    world = world_of(tmp_path, CRITIC, gate)
    number = approve(world, "Say hello")
    world.tracker.add_label(number, "risk:high")
    world.run()
    assert world.state(number) is JobState.REVIEWING
    standing = standing_of(world.context, world.job(number), frozenset({"risk:high"}))
    assert standing is not None
    assert standing.states == {"critic": NodeState.PASSED, "owner": NodeState.WAITING}
    again = open_world(tmp_path, {}, settings=world.settings)
    request(again, "pipeline.approve", number)
    again.run()
    assert again.state(number) is JobState.MERGED


def test_without_the_label_the_person_is_not_asked(tmp_path: Path) -> None:
    gate = Node(name="owner", kind=NodeKind.HUMAN, when=When(labels=("risk:high",)))
    world = world_of(tmp_path, CRITIC, gate)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    assert world.context.store.node_runs.select() == []


@pytest.mark.parametrize("node", ["critic", "security", "bench"])
def test_what_is_cut_off_in_any_node_goes_on_there(node: str, tmp_path: Path) -> None:
    """The loop ends while a node is at work; what the others have said still holds."""
    closed = threading.Event()

    class Commands(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **given: Any) -> CommandResult:
            if "FORGE_LOOP_OUTPUTS" not in command or node != "bench":
                return super().run(command, directory=directory, timeout=timeout, **given)
            world.runner.stop("cut off")
            assert closed.wait(30)
            return CommandResult(status=None, output="", seconds=0.0)

        def close(self) -> None:
            closed.set()

    def review(order: SessionOrder) -> list[SessionEnded]:
        if ("security" if "# Security of" in order.prompt else "critic") != node:
            return [done(order, APPROVAL)]
        world.runner.stop("cut off")
        return []

    world = world_of(tmp_path, CRITIC, SECURITY, BENCH, critics=review, commands=Commands())
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.REVIEWING
    before = [row.id for row in world.context.store.reviews.select()]
    again = open_world(tmp_path, {Role.CRITIC: by_node()}, settings=world.settings)
    again.run()
    assert again.state(number) is JobState.MERGED
    rows = again.context.store.reviews.select()
    assert sorted(row.node for row in rows) == ["critic", "security"]
    assert [row.id for row in rows[: len(before)]] == before
    assert [row.tries for row in again.context.store.node_runs.select()] == [1]


def test_an_attempt_keeps_the_pipeline_that_it_began_with_and_the_next_takes_the_new_one(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC, Node(name="owner", kind=NodeKind.HUMAN))
    first = approve(world, "First")
    world.run()
    assert world.state(first) is JobState.REVIEWING
    scripts = {Role.WORKER: script(commits({"other.txt": "Hello.\n"})), Role.CRITIC: by_node()}
    again = open_world(tmp_path, scripts, settings=world.settings)
    again.context.pipeline = Pipeline(nodes=(CRITIC, SECURITY))
    second = approve(again, "Second")
    again.run()
    assert (again.state(first), again.state(second)) == (JobState.REVIEWING, JobState.MERGED)
    assert [node.name for node in pipeline_of(again.context, again.job(first)).nodes] == ["critic", "owner"]
    reviews = {row.node for row in again.context.store.reviews.select("job = ?", again.job(second).id)}
    assert reviews == {"critic", "security"}
    last = world_of(tmp_path, CRITIC, SECURITY)
    request(last, "pipeline.approve", first)
    last.run()
    assert last.state(first) is JobState.MERGED
    assert {row.node for row in last.context.store.reviews.select("job = ?", last.job(first).id)} == {"critic"}


def test_an_edited_pipeline_is_taken_and_a_bad_edit_is_told_and_keeps_the_last_good_one(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC)
    edited = Pipeline(nodes=(CRITIC, SECURITY))
    edits: list[Pipeline | ConfigError | None] = [edited, ConfigError(["pipeline.yaml:1:1: nonsense"]), None, edited]

    def reload() -> Pipeline | None:
        edit = edits.pop(0)
        if isinstance(edit, ConfigError):
            raise edit
        return edit

    runner = Runner(world.context, world.waker, version="test", reload=lambda: None, reload_pipeline=reload)
    runner.run(Until(ticks=4))
    assert world.context.pipeline == edited
    told = [(event.kind, event.data) for event in world.events() if event.kind.startswith("config.")]
    assert told == [
        ("config.reloaded", {"changed": ["pipeline"]}),
        ("config.rejected", {"problems": ["pipeline.yaml:1:1: nonsense"]}),
    ]
