"""Tests of removing what an agent left behind."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from forge_loop.git.removal import remove_tree
from support.deep_tree import nested


def test_a_tree_is_removed_and_what_its_links_point_to_stays(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "link").symlink_to(precious)
    remove_tree(tree)
    assert not tree.exists()
    assert (precious / "file").exists()


def test_a_link_or_a_file_in_its_place_is_removed_itself(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "file").touch()
    for name in ("link", "file", "absent"):
        remove_tree(tmp_path / name)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["precious"]


PLAIN_USER = """
import os
from pathlib import Path

from forge_loop.git.removal import remove_tree

tree = Path("tree")
os.chown(".", {user}, -1)
os.setuid({user})  # root may do everything, and would show nothing
(tree / "a" / "b").mkdir(parents=True)
(tree / "a" / "b" / "c").touch()
(tree / "a" / "b").chmod(0o500)
(tree / "a").chmod(0)
remove_tree(tree)
assert not tree.exists()
"""


def test_directories_without_rights_are_removed_by_a_plain_user(tmp_path: Path) -> None:
    user = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else os.getuid()
    program = PLAIN_USER.format(user=user)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("depth", [400, 3000])
def test_a_tree_is_removed_however_deep_it_is(depth: int, tmp_path: Path) -> None:
    with nested(tmp_path / "tree", depth) as tree:
        remove_tree(tree)
        assert list(tmp_path.iterdir()) == []
