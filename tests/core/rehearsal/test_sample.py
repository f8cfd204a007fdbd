"""The sample project: a repository with one commit, a usable configuration and approved issues."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forge_loop.config.load import load
from forge_loop.forge.local import BacklogTracker
from forge_loop.rehearsal.sample import READY, check_command, make_sample
from forge_loop.rehearsal.scenes import scenes


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "larder"
    make_sample(directory, python=sys.executable, scenes=scenes())
    return directory


def git(directory: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=directory, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_the_repository_has_one_commit_on_main_that_holds_every_file(sample: Path) -> None:
    assert git(sample, "rev-list", "--count", "main") == "1"
    assert git(sample, "symbolic-ref", "--short", "HEAD") == "main"
    assert git(sample, "status", "--porcelain") == "?? backlog/"
    assert {"README.md", "larder/show.py", "tests/__init__.py"} <= set(git(sample, "ls-files").splitlines())


def test_no_file_keeps_the_suffix_it_has_as_data(sample: Path) -> None:
    texts = [name for name in git(sample, "ls-files").splitlines() if name.endswith(".txt")]
    assert texts == ["recipes/crumble.txt", "recipes/pancakes.txt"]


def test_its_configuration_runs_its_tests_with_this_interpreter(sample: Path) -> None:
    settings = load(sample, environ={}, flags={}).settings
    assert settings.checks == (check_command(sys.executable),)
    done = subprocess.run(settings.checks[0], shell=True, cwd=sample, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_an_interpreter_with_a_space_in_its_path_is_quoted() -> None:
    assert check_command("/opt/my python/bin/python3") == "'/opt/my python/bin/python3' -m unittest -q"


def test_every_scene_is_an_approved_issue(sample: Path) -> None:
    issues = {issue.number: issue for issue in BacklogTracker(sample).open_issues()}
    for scene in scenes():
        issue = issues.pop(scene.number)
        assert (issue.title, issue.problem) == (scene.title, None)
        assert READY in issue.labels
        assert scene.body.strip() in issue.body
    assert issues == {}
