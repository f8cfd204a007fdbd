"""The pipeline as a pure decision: what begins, what is skipped, what is blocked, and what leads to a merge."""

from __future__ import annotations

from itertools import product

import pytest

from forge_loop.domain.pipeline import (
    CRITIC_ALONE,
    Change,
    Node,
    NodeKind,
    NodeState,
    Pipeline,
    When,
    approves,
    failed,
    problems,
    stand,
)

PASSED, FAILED, RUNNING = NodeState.PASSED, NodeState.FAILED, NodeState.RUNNING
CHANGE = Change(labels=frozenset({"risk:high"}), paths=("src/a.py", "docs/b.md"), lines=50)


def review(name: str, *needs: str, **terms: object) -> Node:
    return Node(name=name, kind=NodeKind.REVIEW, needs=needs, **terms)  # type: ignore[arg-type]


DIAMOND = Pipeline(
    nodes=(review("last", "left", "right"), review("left", "first"), review("right", "first"), review("first"))
)


def test_the_critic_alone_is_a_pipeline_of_one_node() -> None:
    before = stand(CRITIC_ALONE, {}, CHANGE)
    assert [node.name for node in before.ready] == ["critic"]
    assert not approves(CRITIC_ALONE, before)
    assert approves(CRITIC_ALONE, stand(CRITIC_ALONE, {"critic": PASSED}, CHANGE))
    assert failed(CRITIC_ALONE, stand(CRITIC_ALONE, {"critic": FAILED}, CHANGE)) == ("critic",)


@pytest.mark.parametrize(
    ("records", "ready"),
    [
        ({}, ["first"]),
        ({"first": RUNNING}, []),
        ({"first": PASSED}, ["left", "right"]),
        ({"first": PASSED, "left": RUNNING}, ["right"]),
        ({"first": PASSED, "left": PASSED, "right": RUNNING}, []),
        ({"first": PASSED, "left": PASSED, "right": PASSED}, ["last"]),
        ({"first": PASSED, "left": FAILED, "right": PASSED}, []),
        ({"first": FAILED}, []),
    ],
)
def test_a_node_begins_once_all_that_it_needs_has_passed(records: dict[str, NodeState], ready: list[str]) -> None:
    assert [node.name for node in stand(DIAMOND, records, CHANGE).ready] == ready


def test_what_depends_on_a_failed_node_is_blocked_and_says_by_which() -> None:
    standing = stand(DIAMOND, {"first": FAILED}, CHANGE)
    assert {name for name, state in standing.states.items() if state is NodeState.BLOCKED} == {"left", "right", "last"}
    assert standing.reasons["left"] == "first did not pass"
    assert standing.reasons["last"] == "left, right did not pass"
    assert standing.settled
    assert failed(DIAMOND, standing) == ("first",)


def test_nothing_is_approved_unless_every_required_node_passed_whatever_the_combination() -> None:
    names = [node.name for node in DIAMOND.nodes]
    for states in product((PASSED, FAILED, RUNNING, NodeState.WAITING), repeat=4):
        standing = stand(DIAMOND, dict(zip(names, states, strict=True)), CHANGE)
        assert approves(DIAMOND, standing) == (set(states) == {PASSED})


def test_what_is_not_required_may_fail() -> None:
    pipeline = Pipeline(nodes=(review("must"), review("may", required=False)))
    assert approves(pipeline, stand(pipeline, {"must": PASSED, "may": FAILED}, CHANGE))
    assert not approves(pipeline, stand(pipeline, {"must": FAILED, "may": PASSED}, CHANGE))
    assert failed(pipeline, stand(pipeline, {"must": PASSED, "may": FAILED}, CHANGE)) == ()


@pytest.mark.parametrize(
    ("when", "against"),
    [
        (When(), ""),
        (When(labels=("risk:high", "x")), ""),
        (When(labels=("x", "y")), "the issue has none of the labels x, y"),
        (When(paths=("docs/**",)), ""),
        (When(paths=("infra/**", "*.tf")), "it changes nothing of infra/**, *.tf"),
        (When(min_lines=50, max_lines=50), ""),
        (When(min_lines=51), "it changes 50 lines, fewer than 51"),
        (When(max_lines=49), "it changes 50 lines, more than 49"),
        (When(labels=("risk:high",), paths=("infra/**",)), "it changes nothing of infra/**"),
    ],
)
def test_a_node_applies_if_every_condition_holds(when: When, against: str) -> None:
    assert when.against(CHANGE) == against


def test_a_node_that_does_not_apply_is_skipped_and_holds_up_nobody() -> None:
    pipeline = Pipeline(nodes=(review("gate", when=When(labels=("never",))), review("after", "gate")))
    standing = stand(pipeline, {}, CHANGE)
    assert standing.states["gate"] is NodeState.SKIPPED
    assert standing.reasons["gate"] == "the issue has none of the labels never"
    assert [node.name for node in standing.ready] == ["after"]
    assert approves(pipeline, stand(pipeline, {"after": PASSED}, CHANGE))


def test_a_pipeline_of_which_nothing_applies_approves_nothing() -> None:
    pipeline = Pipeline(nodes=(review("only", when=When(labels=("never",))),))
    standing = stand(pipeline, {}, CHANGE)
    assert standing.settled
    assert not approves(pipeline, standing)


def test_unknown_needs_and_cycles_are_named() -> None:
    assert problems({"a": ("b",), "b": ()}) == {}
    assert problems({"a": ("x", "y")}) == {"a": "a needs x, y, which is no node"}
    assert problems({"a": ("a",)}) == {"a": "a cycle: a -> a"}
    assert problems({"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)}) == {"a": "a cycle: a -> b -> c -> a"}
