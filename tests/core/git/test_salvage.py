"""Tests of saving what a workspace holds."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from forge_loop.git import salvage as module
from forge_loop.git.salvage import CUT_NOTE, salvage
from support.repositories import write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    write(path, {".git/config": "[core]\n", "src/a.py": "1\n", "vendor/.git/config": "kept: not git's own here\n"})
    return path


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return sorted(tar.getnames())


def test_files_are_saved_with_their_modes_and_links_as_links(workspace: Path, tmp_path: Path) -> None:
    (workspace / "src" / "a.py").chmod(0o755)
    (workspace / "out").symlink_to("/etc/passwd")
    (workspace / "loop").symlink_to(".")
    archive = tmp_path / "saved.tar.gz"
    assert salvage(workspace, archive)
    with tarfile.open(archive) as tar:
        found = {member.name: member for member in tar.getmembers()}
    assert sorted(found) == ["loop", "out", "src/a.py", "vendor/.git/config"]
    assert found["src/a.py"].mode == 0o755
    assert found["out"].issym()
    assert found["out"].linkname == "/etc/passwd"


def test_the_archive_is_the_operators_alone(workspace: Path, tmp_path: Path) -> None:
    salvage(workspace, tmp_path / "saved.tar.gz")
    assert stat.S_IMODE((tmp_path / "saved.tar.gz").stat().st_mode) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["saved.tar.gz", "workspace"]


def test_pipes_are_left_out_and_do_not_hold_it_up(workspace: Path, tmp_path: Path) -> None:
    os.mkfifo(workspace / "pipe")
    assert salvage(workspace, tmp_path / "saved.tar.gz")
    assert names(tmp_path / "saved.tar.gz") == [CUT_NOTE, "src/a.py", "vendor/.git/config"]


def test_what_is_too_large_is_left_out_and_that_is_said(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    write(workspace, {"large": "x" * 11})
    assert salvage(workspace, tmp_path / "saved.tar.gz")
    assert names(tmp_path / "saved.tar.gz") == [CUT_NOTE, "src/a.py"]


def test_a_linked_workspace_is_not_followed(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace)
    assert not salvage(tmp_path / "link", tmp_path / "saved.tar.gz")


def test_a_workspace_with_nothing_but_git_holds_nothing(tmp_path: Path) -> None:
    write(tmp_path / "workspace", {".git/config": "x"})
    assert not salvage(tmp_path / "workspace", tmp_path / "saved.tar.gz")
    assert not (tmp_path / "saved.tar.gz").exists()


def test_names_that_are_not_text_are_saved_too(workspace: Path, tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(workspace) + b"/\xff"))).write_text("1")
    assert salvage(workspace, tmp_path / "saved.tar.gz")
    assert len(names(tmp_path / "saved.tar.gz")) == 3
