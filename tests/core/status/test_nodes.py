"""A job's nodes as a dashboard shows them, read from the rows that a real runner left."""

from __future__ import annotations

from pathlib import Path

from forge_loop.domain.job import JobState
from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, NodeState, Pipeline, When
from forge_loop.domain.session import Role
from forge_loop.status import NodeStatus, read_nodes
from support.runner_world import World, approve, approves, commits, open_world, script

BENCH = Node(name="bench", kind=NodeKind.COMMAND, needs=("critic",), command="echo 7 ms; exit 3", required=False)
AFTER = Node(name="after", kind=NodeKind.COMMAND, needs=("bench",), command="true", required=False)
GATE = Node(name="owner", kind=NodeKind.HUMAN, needs=("critic",), when=When(labels=("risk:high",)))


def world_of(root: Path, *nodes: Node) -> World:
    world = open_world(root, {Role.WORKER: script(commits({"a.txt": "a\n"})), Role.CRITIC: script(approves)})
    world.context.pipeline = Pipeline(nodes=nodes)
    return world


def by_name(world: World, number: int, labels: tuple[str, ...] | None = None) -> dict[str, NodeStatus]:
    return {node.name: node for node in read_nodes(world.context.store, world.job(number), labels)}


def test_every_node_tells_its_state_and_why(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC_ALONE.nodes[0], BENCH, AFTER, GATE)
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    nodes = by_name(world, number)
    critic, bench, after, owner = nodes["critic"], nodes["bench"], nodes["after"], nodes["owner"]
    assert (critic.state, critic.reason, critic.tries) == (NodeState.PASSED, "its verdict is approve", 1)
    assert critic.session == world.context.store.reviews.select()[0].session
    assert critic.started is not None
    assert critic.ended is not None
    assert critic.started <= critic.ended
    assert (bench.state, bench.reason, bench.output) == (NodeState.FAILED, "it ended with 3", "7 ms\n")
    assert (bench.kind, bench.needs, bench.required) == (NodeKind.COMMAND, ("critic",), False)
    assert (after.state, after.reason, after.tries) == (NodeState.BLOCKED, "bench did not pass", 0)
    assert (owner.state, owner.started) == (NodeState.SKIPPED, None)


def test_labels_are_those_of_the_issue_when_it_became_a_job_unless_others_are_given(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC_ALONE.nodes[0], GATE)
    number = world.tracker.add(title="Say hello", body="text", labels=("loop:ready", "risk:high"))
    world.run()
    assert by_name(world, number)["owner"].state is NodeState.WAITING
    assert by_name(world, number, ())["owner"].state is NodeState.WAITING  # it was asked, whatever the labels say now
    with world.context.store.transaction():
        world.context.store.node_runs.update(1, head_sha="0" * 40)
    assert by_name(world, number)["owner"].state is NodeState.PENDING
    assert by_name(world, number, ())["owner"].state is NodeState.SKIPPED


def test_a_job_that_has_not_begun_has_no_pipeline_yet(tmp_path: Path) -> None:
    world = world_of(tmp_path, CRITIC_ALONE.nodes[0])
    number = approve(world, "Say hello")
    world.context.store.update_loop(paused=True)
    world.run()
    assert read_nodes(world.context.store, world.job(number)) == ()
