"""The pipeline's file: what it says, and every problem of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop import ConfigError
from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, When
from forge_loop.forge.local import init_backlog
from forge_loop_multirepo.drawing import lines, mermaid
from forge_loop_multirepo.pipeline_file import load
from support.command_line import AT, Place, run, seed_job
from support.repositories import make_checkout

EXAMPLE = """\
nodes:
  critic:
    kind: review
  security:
    kind: review
    brief: briefs-of-nodes/security.md.tmpl
    model: claude-opus-4-7
    timeout: 5m
  docs:
    kind: review
    when: {paths: ["docs/**", "*.md"]}
    required: false
  bench:
    kind: command
    needs: [critic, security]
    command: scripts/bench --quick
    timeout: 10m
    retries: 1
  owner:
    kind: human
    needs: [bench]
    when: {labels: ["risk:high"], min_lines: 10}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / ".forge-loop"
    (directory / "briefs-of-nodes").mkdir(parents=True)
    (directory / "briefs-of-nodes" / "security.md.tmpl").write_text("Look for holes in #{{ issue_number }}.\n")
    return directory / "pipeline.yaml"


def problems(place: Path, text: str) -> list[str]:
    place.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(place)
    return list(caught.value.problems)


def test_every_key_is_read(place: Path) -> None:
    place.write_text(EXAMPLE)
    assert load(place).nodes == (
        Node(name="critic", kind=NodeKind.REVIEW),
        Node(
            name="security",
            kind=NodeKind.REVIEW,
            brief="Look for holes in #{{ issue_number }}.\n",
            model="claude-opus-4-7",
            timeout=300.0,
        ),
        Node(name="docs", kind=NodeKind.REVIEW, when=When(paths=("docs/**", "*.md")), required=False),
        Node(
            name="bench",
            kind=NodeKind.COMMAND,
            needs=("critic", "security"),
            command="scripts/bench --quick",
            timeout=600.0,
            retries=1,
        ),
        Node(name="owner", kind=NodeKind.HUMAN, needs=("bench",), when=When(labels=("risk:high",), min_lines=10)),
    )


def test_every_problem_of_the_nodes_is_told_at_once_with_its_place(place: Path) -> None:
    text = (
        "nodes:\n  Critic: {kind: review}\n  worker: {kind: review}\n  a: {kind: reviw}\n  b: {needs: [a]}\n"
        "  c: {kind: command}\n  d: {kind: human, command: x, required: false}\n"
        "  e: {kind: review, timeout: soon, max_turns: 0, brief: ../secret, when: {path: [x]}}\n  f: text\n"
    )
    no_name = "is no name for a node: small letters, digits and -, and no other role's"
    assert problems(place, text) == [
        f".forge-loop/pipeline.yaml:2:3: 'Critic' {no_name}",
        f".forge-loop/pipeline.yaml:3:3: 'worker' {no_name}",
        ".forge-loop/pipeline.yaml:4:7: expected one of review, command, human, got 'reviw', did you mean 'review'?",
        ".forge-loop/pipeline.yaml:5:3: b has no kind: one of review, command, human",
        ".forge-loop/pipeline.yaml:6:3: c is a command and says none",
        ".forge-loop/pipeline.yaml:7:20: unknown key 'command' in d",
        ".forge-loop/pipeline.yaml:7:32: unknown key 'required' in d",
        ".forge-loop/pipeline.yaml:8:21: timeout: expected a duration like 90s, 15m or 1h30m, got 'soon'",
        ".forge-loop/pipeline.yaml:8:36: max_turns must be a whole number from 1 to 10000",
        ".forge-loop/pipeline.yaml:8:50: brief must be a file below .forge-loop/, got '../secret'",
        ".forge-loop/pipeline.yaml:8:75: unknown key 'path' in when, did you mean 'paths'?",
        ".forge-loop/pipeline.yaml:9:3: f must be a mapping of keys to values",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes:\n  a: {kind: review, needs: [b]}\n", ["2:3: a needs b, which is no node", None]),
        (
            "nodes:\n  a: {kind: review, needs: [b]}\n  b: {kind: review, needs: [a]}\n",
            ["2:3: a cycle: a -> b -> a"],
        ),
        ("nodes:\n  a: {kind: command, command: x}\n", [None]),
        ("nodes:\n  a: {kind: review, when: {min_lines: 1}}\n", [None]),
        ("nodes:\n  a: {kind: review, required: false}\n", [None]),
        ("nodes: {}\n", [None]),
    ],
)
def test_unknown_needs_cycles_and_a_way_around_every_review_are_refused(
    place: Path, text: str, said: list[str | None]
) -> None:
    found = problems(place, text)
    unreviewed = [each for each in found if "nothing is merged unreviewed" in each]
    named = [each for each in found if each not in unreviewed]
    assert named == [f".forge-loop/pipeline.yaml:{each}" for each in said if each is not None]
    if None in said and not named:
        assert len(unreviewed) == 1


def test_a_brief_that_cannot_be_used_is_told_with_file_and_line(place: Path) -> None:
    (place.parent / "briefs-of-nodes" / "security.md.tmpl").write_text("first\n{{ secrets }}\n")
    (found,) = problems(place, EXAMPLE)
    assert found.startswith(".forge-loop/briefs-of-nodes/security.md.tmpl:2: unknown name 'secrets'")


def test_a_pipeline_is_drawn_as_text_and_as_a_flowchart(place: Path) -> None:
    place.write_text(EXAMPLE)
    pipeline = load(place)
    assert lines(pipeline) == [
        "critic  review",
        "security  review",
        "docs  review, when it changes docs/** or *.md, not required",
        "  bench  command, `scripts/bench --quick`, after critic, security",
        "    owner  human, after bench, when labelled risk:high, from 10 lines",
    ]
    drawn = mermaid(pipeline)
    assert drawn[0] == "flowchart LR"
    assert "  checks --> critic" in drawn
    assert "  checks -.-> docs" in drawn
    assert "  security --> bench" in drawn
    assert "  owner --> merge" in drawn
    assert "  bench --> merge" not in drawn


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.delenv("FORGE_LOOP_STATE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    checkout = tmp_path / "project"
    make_checkout(checkout)
    init_backlog(checkout)
    return Place(project=checkout, state=tmp_path / "state")


def test_the_commands_check_show_and_explain(project: Place) -> None:
    assert project.run("pipeline", "show").stdout == "critic  review\n"
    directory = project.project / ".forge-loop"
    directory.mkdir()
    (directory / "pipeline.yaml").write_text(
        "nodes:\n  critic: {kind: review}\n  owner: {kind: human, when: {labels: [big]}}\n"
    )
    assert project.run("pipeline", "check").stdout == "2 nodes: critic, owner\n"
    number = project.tracker.add(title="One", body="text", labels=("loop:ready",))
    nothing = project.run("pipeline", "explain", str(number))
    assert (nothing.status, f"#{number} has no job yet" in nothing.stderr) == (2, True)
    seed_job(project, number, head_sha="a" * 40)
    said = project.run("pipeline", "explain", str(number), "--json").document
    assert said["nodes"] == [
        {"name": "critic", "state": "pending", "reason": None},
        {"name": "owner", "state": "skipped", "reason": "the issue has none of the labels big"},
    ]
    (directory / "pipeline.yaml").write_text("nodes:\n  critic: {kind: reviews}\n")
    refused = project.run("pipeline", "check")
    assert refused.status == 2
    assert "did you mean 'review'" in refused.stderr
    assert "did you mean 'review'" in project.run("run", "--max-ticks", "1").stderr


def test_explain_says_which_pipeline_it_is_when_the_file_is_another_by_now(project: Place) -> None:
    number = project.tracker.add(title="One", body="text", labels=("loop:ready",))
    job = seed_job(project, number, head_sha="a" * 40)
    with project.store() as store:
        values = {"base_sha": None, "head_sha": None, "started_at": AT, "number": 1, "issue": number, "job": job.id}
        attempt = store.attempts.insert(pipeline=store.pipelines.keep(CRITIC_ALONE, at=AT), **values)
        store.jobs.update(job.id, attempt=attempt.id)
    same = project.run("pipeline", "explain", str(number))
    assert (same.stdout, same.stderr) == ("critic               not begun\n", "")
    directory = project.project / ".forge-loop"
    directory.mkdir()
    (directory / "pipeline.yaml").write_text("nodes:\n  critic: {kind: review}\n  owner: {kind: human}\n")
    edited = project.run("pipeline", "explain", str(number))
    assert edited.stdout == same.stdout
    assert edited.stderr == (
        "attempt 1 keeps the pipeline that it began with, 2026-01-31T12:00:00.000Z; the file differs by now and is for "
        "the next attempt\n"
    )
    (directory / "pipeline.yaml").write_text("nodes: nonsense\n")
    broken = project.run("pipeline", "explain", str(number), "--json").document
    assert broken["attempt"] == {"number": 1, "began": "2026-01-31T12:00:00.000Z"}
    assert (broken["file"], [node["name"] for node in broken["nodes"]]) == ("unusable", ["critic"])


def test_an_answer_is_a_request_that_waits_for_the_loop(project: Place) -> None:
    said = project.run("pipeline", "approve", "7", "owner", "--reason", "fine", "--json")
    assert said.status == 0
    with project.store() as store:
        (row,) = store.requests.select()
    assert (row.kind, row.issue, row.detail) == ("pipeline.approve", 7, {"node": "owner", "reason": "fine"})
    assert run("pipeline", "--help").status == 0
