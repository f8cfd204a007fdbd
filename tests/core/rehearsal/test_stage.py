"""Where a rehearsal takes place: only in a directory that holds nothing yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.errors import OperatorError
from forge_loop.rehearsal.stage import claim


def test_a_new_place_is_made_private_with_a_home_of_its_own(tmp_path: Path) -> None:
    stage = claim(tmp_path / "deep" / "demo")
    assert stage.root.stat().st_mode & 0o777 == 0o700
    assert stage.home.is_dir()
    assert not stage.project.exists()


def test_an_empty_directory_will_do(tmp_path: Path) -> None:
    assert claim(tmp_path).root == tmp_path.resolve()


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(OperatorError, match="is not empty"):
        claim(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(OperatorError, match="cannot be used"):
        claim(tmp_path / "demo")


def test_the_state_stands_outside_the_checkout(tmp_path: Path) -> None:
    stage = claim(tmp_path / "demo")
    assert not stage.layout.root.is_relative_to(stage.project)
