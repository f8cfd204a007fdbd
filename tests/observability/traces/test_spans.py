"""What the rows of real jobs become: one tree each, with the pinned names and nothing of anyone's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.ports import CommandResult, Commands
from forge_loop_observability.traces import identity, names
from forge_loop_observability.traces.spans import Span, ended
from support.runner_world import SETTINGS, ShellCommands, World, approve, approves, commits, done, open_world, script
from support.runner_world import ended as ends
from support.traced import tree

Step = Callable[[SessionOrder], SessionEnded]
CANARY = "canary-in-every-text-from-outside"
BLOCKED = {"status": "blocked", "summary": CANARY, "tests_run": [], "notes": CANARY}
CHANGES = {
    "overall": "request_changes",
    "findings": [{"severity": "sev2", "category": "tests", "file": None, "line": None, "message": CANARY}],
    "reviewed": [CANARY],
}


def asks_for_changes(order: SessionOrder) -> SessionEnded:
    return done(order, CHANGES)


def blocked(order: SessionOrder) -> SessionEnded:
    return done(order, BLOCKED)


def spans_of(
    root: Path,
    worker: Sequence[Step],
    critic: Sequence[Step],
    *,
    checks: tuple[str, ...] = SETTINGS.checks,
    commands: Commands | None = None,
) -> tuple[list[Span], World]:
    """The spans of a world in which these sessions work on one issue, until it rests."""
    scripts = {Role.WORKER: script(*worker), Role.CRITIC: script(*critic)}
    world = open_world(root, scripts, settings=replace(SETTINGS, checks=checks), commands=commands)
    approve(world, CANARY)
    world.run()
    store = world.context.store
    loop = store.loop().loop_id
    return [span for event in world.events() for span in ended(event, store, loop)], world


def shown(spans: list[Span]) -> list[str]:
    return tree((span.span, span.parent, span.start, span.name) for span in spans)


def test_a_merge_is_one_tree_from_the_job_to_the_merge(tmp_path: Path) -> None:
    spans, world = spans_of(tmp_path, [commits({"a.txt": "a\n"})], [approves])
    assert shown(spans) == [
        "invoke_workflow issue",
        "  invoke_agent worker",
        "  checks",
        "  checks",
        "  push",
        "  open_pull_request",
        "  review",
        "  invoke_agent critic",
        "  merge",
    ]
    trace = identity.trace_id(world.context.store.loop().loop_id, world.job(1).id)
    assert {span.trace for span in spans} == {trace}
    (root,) = [span for span in spans if span.parent is None]
    assert all(root.start <= span.start <= span.end <= root.end for span in spans)
    assert all(span.error == "" for span in spans)
    world.close()


def test_rounds_of_revision_stay_in_the_tree(tmp_path: Path) -> None:
    worker: list[Step] = [commits({"a.txt": "a\n"}), commits({"a.txt": "b\n"})]
    spans, world = spans_of(tmp_path, worker, [asks_for_changes, approves])
    counts = {name: sum(span.name == name for span in spans) for name in {span.name for span in spans}}
    assert counts == {
        "invoke_workflow issue": 1,
        "invoke_agent worker": 2,
        "invoke_agent critic": 2,
        "checks": 4,
        "push": 2,
        "open_pull_request": 1,
        "review": 2,
        "merge": 1,
    }
    assert len(shown(spans)) == len(spans)
    labels = [moment.attributes[names.EVALUATION_LABEL] for span in spans for moment in span.moments]
    assert labels == ["request_changes", "approve"]
    world.close()


def test_a_session_that_fails_is_an_error(tmp_path: Path) -> None:
    def silent(order: SessionOrder) -> SessionEnded:
        return ends(order, SessionOutcome.NO_REPORT, CANARY)

    spans, world = spans_of(tmp_path, [silent], [approves])
    (worker,) = [span for span in spans if span.name == "invoke_agent worker"]
    assert (worker.error, worker.attributes[names.ERROR]) == ("no_report", "no_report")
    world.close()


def test_a_job_that_is_given_up_ends_its_tree_with_an_error(tmp_path: Path) -> None:
    spans, world = spans_of(tmp_path, [blocked], [approves])
    assert shown(spans) == ["invoke_workflow issue", "  invoke_agent worker"]
    assert [span.error for span in spans if span.parent is None] == ["given_up"]
    world.close()


def test_checks_that_ran_one_after_the_other_do_not_overlap(tmp_path: Path) -> None:
    class Slow(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **more: object) -> CommandResult:
            return CommandResult(status=0, output="", seconds=0.5)

    worker = [commits({"a.txt": "a\n"})]
    spans, world = spans_of(tmp_path, worker, [approves], commands=Slow(), checks=("one", "two"))
    checks = sorted((span for span in spans if span.name == "checks"), key=lambda span: (span.end, span.start))
    assert sorted((span.end - span.start).total_seconds() for span in checks) == [0.0, 0.5, 0.5]
    assert all(before.end <= after.start for before, after in pairwise(checks))
    world.close()


def test_a_check_that_fails_is_an_error(tmp_path: Path) -> None:
    passes = "test ! -e a.txt"
    spans, world = spans_of(tmp_path, [commits({"a.txt": "a\n"}), blocked], [approves], checks=(passes,))
    results = [span.attributes[names.PIPELINE_RESULT] for span in spans if span.name == "checks"]
    assert results == ["success", "failure"]
    world.close()


@pytest.mark.parametrize("critic", [approves, asks_for_changes])
def test_nothing_is_sent_under_a_name_that_is_not_pinned(tmp_path: Path, critic: Step) -> None:
    spans, world = spans_of(tmp_path, [commits({"a.txt": "a\n"}), blocked], [critic])
    sent = {name for span in spans for name in span.attributes}
    sent |= {name for span in spans for moment in span.moments for name in moment.attributes}
    assert sent - names.ATTRIBUTES == set()
    world.close()


def test_every_pinned_name_is_sent_somewhere(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, first = spans_of(tmp_path / "one", [commits({"a.txt": "a\n"})], [approves])
    two, second = spans_of(tmp_path / "two", [blocked], [approves])
    sent = {name for span in one + two for name in span.attributes}
    sent |= {name for span in one + two for moment in span.moments for name in moment.attributes}
    assert sent == names.ATTRIBUTES
    first.close()
    second.close()


def test_no_text_from_outside_is_in_any_span(tmp_path: Path) -> None:
    worker: list[Step] = [commits({"a.txt": "a\n"}), commits({"a.txt": "b\n"}), blocked]
    spans, world = spans_of(tmp_path, worker, [asks_for_changes])
    assert len(spans) > 8
    assert CANARY not in repr(spans)
    assert str(tmp_path) not in repr(spans)
    world.close()


def test_the_names_are_these() -> None:
    assert sorted(names.ATTRIBUTES) == [
        "cicd.pipeline.name",
        "cicd.pipeline.result",
        "cicd.pipeline.run.id",
        "error.type",
        "forge_loop.attempt",
        "forge_loop.check",
        "forge_loop.effect",
        "forge_loop.findings",
        "forge_loop.issue",
        "forge_loop.job",
        "forge_loop.outcome",
        "forge_loop.round",
        "forge_loop.session.number",
        "forge_loop.session.purpose",
        "gen_ai.agent.name",
        "gen_ai.conversation.id",
        "gen_ai.evaluation.name",
        "gen_ai.evaluation.score.label",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "vcs.change.id",
        "vcs.change.state",
        "vcs.ref.base.revision",
        "vcs.ref.head.name",
        "vcs.ref.head.revision",
    ]
