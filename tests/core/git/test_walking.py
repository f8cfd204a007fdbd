from __future__ import annotations

import os
from pathlib import Path

from forge_loop.git.walking import SHALLOW, flatten, walk
from support.deep_tree import nested


def test_it_walks_as_the_standard_library_does_and_follows_no_link(tmp_path: Path) -> None:
    for name in ("b/c", "a", "b/d/e"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    (tmp_path / "b" / "link").symlink_to(tmp_path / "a")
    mine = {Path(directory): (set(names), set(files)) for directory, names, files in walk(tmp_path)}
    assert mine.pop(tmp_path / "b") == ({"c", "d"}, {"link"})
    theirs = {Path(directory): (set(names), set(files)) for directory, names, files in os.walk(tmp_path)}
    theirs.pop(tmp_path / "b")
    assert mine == theirs


def test_a_name_that_is_taken_out_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    seen = []
    for directory, names, _ in walk(tmp_path):
        seen.append(Path(directory))
        names.clear()
    assert seen == [tmp_path]


def test_a_tree_deeper_than_a_path_can_be_long_is_walked_as_far_as_there_are_paths(tmp_path: Path) -> None:
    with nested(tmp_path / "tree", 3000) as tree:
        seen = sum(1 for _ in walk(tree))
    assert 1000 < seen < 3000


def test_a_tree_is_made_shallow_and_loses_nothing(tmp_path: Path) -> None:
    with nested(tmp_path / "tree", 3000) as tree:
        (tree / ".deep-0").touch()
        flatten(tree)
        depths = [len(Path(directory).relative_to(tree).parts) for directory, _, _ in walk(tree)]
        assert len(depths) == 3001
        assert max(depths) <= SHALLOW + 1
        assert sum("last" in files for _, _, files in walk(tree)) == 1
        assert (tree / ".deep-0").is_file()
