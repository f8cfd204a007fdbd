"""The scenes: each one's files do to the sample's tests what its story says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.review import Overall, parse_verdict
from forge_loop.domain.severity import Severity
from forge_loop.domain.spec import is_thin, missing_sections, parse_expansion
from forge_loop.rehearsal.sample import lay_out
from forge_loop.rehearsal.scenes import Round, Scene, scenes

SCENES = scenes()
BY_TITLE = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title)


def perform(project: Path, played: Round) -> None:
    for edit in played.edits:
        file = project / edit.file
        text = file.read_text(encoding="utf-8")
        assert text.count(edit.old) == 1, f"{edit.old!r} stands {text.count(edit.old)} times in {edit.file}"
        file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
    for write in played.writes:
        (project / write.file).write_text(write.text, encoding="utf-8")


def passes(project: Path, *tests: str) -> bool:
    command = [sys.executable, "-B", "-m", "unittest", "-q", *tests]
    return subprocess.run(command, cwd=project, capture_output=True, timeout=60, check=False).returncode == 0


def by_number(number: int) -> Scene:
    return next(scene for scene in SCENES if scene.number == number)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    lay_out(tmp_path / "larder", python=sys.executable)
    return tmp_path / "larder"


def test_the_sample_passes_its_own_tests_before_anything_happens(project: Path) -> None:
    assert passes(project)


@BY_TITLE
def test_what_the_last_round_leaves_passes_the_tests(project: Path, scene: Scene) -> None:
    for played in scene.rounds:
        perform(project, played)
    assert passes(project)


@BY_TITLE
def test_the_tests_that_a_worker_runs_itself_pass_in_every_round(project: Path, scene: Scene) -> None:
    for played in scene.rounds:
        perform(project, played)
        assert passes(project, *played.tests.split())


@BY_TITLE
def test_a_round_brings_a_test_that_fails_without_its_change(project: Path, scene: Scene) -> None:
    for played in scene.rounds:
        before = {edit.file: (project / edit.file).read_text(encoding="utf-8") for edit in played.edits}
        perform(project, played)
        code = [file for file in before if not file.startswith("tests/")]
        new = [write.file for write in played.writes if not write.file.startswith("tests/")]
        after = {file: (project / file).read_text(encoding="utf-8") for file in (*code, *new)}
        for file in code:
            (project / file).write_text(before[file], encoding="utf-8")
        for file in new:
            (project / file).unlink()
        assert not passes(project, *played.tests.split()), played.commit
        for file, text in after.items():
            (project / file).write_text(text, encoding="utf-8")


def test_one_first_candidate_fails_the_project_checks(project: Path) -> None:
    red = []
    for scene in SCENES:
        tree = project.with_name(f"tree-{scene.number}")
        lay_out(tree, python=sys.executable)
        perform(tree, scene.rounds[0])
        red += [] if passes(tree) else [scene.number]
    assert red == [4]


def test_everything_that_is_merged_passes_together_in_any_order(tmp_path: Path) -> None:
    merged = [scene for scene in SCENES if scene.expected is JobState.MERGED]
    for name, order in (("forth", merged), ("back", merged[::-1])):
        tree = tmp_path / name
        lay_out(tree, python=sys.executable)
        for scene in order:
            for played in scene.rounds:
                perform(tree, played)
            assert passes(tree), f"after {scene.title!r}, going {name}"


@BY_TITLE
def test_every_verdict_is_a_valid_report_and_the_last_one_decides_the_end(scene: Scene) -> None:
    verdicts = [parse_verdict(verdict.report) for verdict in scene.verdicts]
    assert verdicts[-1].approves(Severity.SEV2) == (scene.expected is JobState.MERGED)
    assert not any(verdict.approves(Severity.SEV2) for verdict in verdicts[:-1])


def test_the_critic_sends_one_back_and_blocks_one_for_scaffold_theatre() -> None:
    overall = {scene.number: [verdict.report["overall"] for verdict in scene.verdicts] for scene in SCENES}
    assert [number for number, said in overall.items() if said[0] == Overall.REQUEST_CHANGES] == [3]
    assert [number for number, said in overall.items() if said[-1] == Overall.BLOCK] == [6]
    assert {finding["category"] for finding in by_number(6).verdicts[0].report["findings"]} == {"product"}


@pytest.mark.parametrize(("number", "shown"), [(3, "round("), (6, "class RedisBackend")])
def test_a_finding_points_at_the_line_it_is_about(project: Path, number: int, shown: str) -> None:
    scene = by_number(number)
    perform(project, scene.rounds[0])
    finding = scene.verdicts[0].report["findings"][0]
    lines = (project / finding["file"]).read_text(encoding="utf-8").splitlines()
    assert shown in lines[finding["line"] - 1]


def test_exactly_one_issue_is_thin_and_its_expansion_is_not() -> None:
    thin = [scene for scene in SCENES if is_thin(scene.body)]
    assert [scene.number for scene in thin] == [5]
    assert [scene.number for scene in SCENES if scene.expansion is not None] == [5]
    assert thin[0].expansion is not None
    spec = parse_expansion(thin[0].expansion.report)
    assert spec is not None
    assert missing_sections(spec) == ()
    assert not is_thin(spec)


def test_the_scene_that_waits_changes_a_file_of_the_scene_it_waits_for() -> None:
    waiting = [scene for scene in SCENES if scene.after is not None]
    assert len(waiting) == 1
    first = by_number(waiting[0].after or 0)
    shared = [{edit.file for edit in scene.rounds[0].edits} for scene in (first, waiting[0])]
    assert "larder/show.py" in shared[0] & shared[1]


def test_numbers_run_from_one_without_a_gap() -> None:
    assert [scene.number for scene in SCENES] == list(range(1, len(SCENES) + 1))
