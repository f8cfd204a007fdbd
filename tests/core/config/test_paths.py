"""Which project, and where its state is kept."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from forge_loop.config.model import Settings
from forge_loop.config.paths import prepare_state_directory, project_directory, state_directory
from forge_loop.errors import OperatorError, UnsupportedPlaceError


def git(directory: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True, timeout=30)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "My Project.v2"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "commit", "-q", "--allow-empty", "-m", "first")
    return path


def where(project: Path, home: Path, override: Path | None = None, **environ: str) -> Path:
    return state_directory(project, Settings(), environ={"HOME": str(home), **environ}, override=override)


def test_the_project_is_the_top_of_the_checkout(checkout: Path) -> None:
    (checkout / "src" / "deep").mkdir(parents=True)
    assert project_directory(checkout / "src" / "deep") == checkout


def test_outside_a_checkout_the_operator_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="is not inside a git checkout") as caught:
        project_directory(tmp_path)
    assert "git init" in caught.value.hint


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no directory"):
        project_directory(tmp_path / "none")


def test_a_bare_repository_is_no_project(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(OperatorError):
        project_directory(tmp_path / "bare.git")


def test_git_dir_of_a_surrounding_hook_does_not_mislead(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    (checkout / "src").mkdir()
    assert project_directory(checkout / "src") == checkout


def test_the_state_directory_is_named_after_the_repository(checkout: Path, tmp_path: Path) -> None:
    place = where(checkout, tmp_path)
    assert place.parent == tmp_path / ".local" / "state" / "forge-loop"
    assert re.fullmatch(r"my-project-v2-[0-9a-f]{10}", place.name)
    assert not place.exists()


def test_xdg_state_home_is_used_unless_it_is_relative(checkout: Path, tmp_path: Path) -> None:
    assert where(checkout, tmp_path, XDG_STATE_HOME="/x").parent == Path("/x/forge-loop")
    assert where(checkout, tmp_path, XDG_STATE_HOME="x").parent == tmp_path / ".local" / "state" / "forge-loop"


def test_two_worktrees_of_one_repository_share_a_state_directory(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    assert where(tmp_path / "second", tmp_path) == where(checkout, tmp_path)


def test_two_repositories_of_one_name_do_not_share_a_state_directory(tmp_path: Path) -> None:
    places = set()
    for parent in ("a", "b"):
        git(tmp_path, "init", "-q", f"{parent}/same")
        places.add(where(tmp_path / parent / "same", tmp_path))
    assert len(places) == 2
    assert {place.name.rpartition("-")[0] for place in places} == {"same"}


def test_a_name_without_letters_still_yields_a_directory(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "日本")
    assert where(tmp_path / "日本", tmp_path).name.startswith("repository-")


def test_the_override_beats_the_variable_beats_the_default(checkout: Path, tmp_path: Path) -> None:
    assert where(checkout, tmp_path, FORGE_LOOP_STATE_DIR=str(tmp_path / "v")) == tmp_path / "v"
    assert where(checkout, tmp_path, tmp_path / "o", FORGE_LOOP_STATE_DIR=str(tmp_path / "v")) == tmp_path / "o"
    assert where(checkout, tmp_path, FORGE_LOOP_STATE_DIR="").name.startswith("my-project-v2-")


def test_without_a_home_the_operator_is_told_what_to_do(checkout: Path) -> None:
    with pytest.raises(OperatorError, match="neither HOME nor XDG_STATE_HOME") as caught:
        state_directory(checkout, Settings(), environ={})
    assert caught.value.hint == "--state-dir DIR"


@pytest.mark.parametrize("inside", [".", "state", ".git/forge-loop", "../My Project.v2/state"])
def test_a_state_directory_inside_the_repository_is_refused(checkout: Path, tmp_path: Path, inside: str) -> None:
    with pytest.raises(UnsupportedPlaceError, match="inside the repository"):
        where(checkout, tmp_path, checkout / inside)


def test_a_link_into_the_repository_is_refused(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout)
    with pytest.raises(UnsupportedPlaceError, match="inside the repository"):
        where(checkout, tmp_path, tmp_path / "link" / "state")


def test_a_state_directory_inside_another_worktree_is_refused(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    with pytest.raises(UnsupportedPlaceError, match="inside the repository"):
        where(checkout, tmp_path, tmp_path / "second" / "state")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_state_directory_and_its_parents_are_private(tmp_path: Path) -> None:
    prepare_state_directory(tmp_path / "a" / "b" / "state")
    assert mode(tmp_path / "a" / "b" / "state") == 0o700
    prepare_state_directory(tmp_path / "a" / "b" / "state")


@pytest.mark.parametrize("content", [(), ("state.db",)])
def test_an_empty_directory_or_ones_own_is_made_private(tmp_path: Path, content: tuple[str, ...]) -> None:
    place = tmp_path / "state"
    place.mkdir(mode=0o755)
    for name in content:
        (place / name).touch()
    prepare_state_directory(place)
    assert mode(place) == 0o700


def test_an_open_directory_that_holds_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.mkdir(mode=0o755)
    (place / "letter.txt").touch()
    with pytest.raises(UnsupportedPlaceError, match="holds something else"):
        prepare_state_directory(place)
    assert mode(place) == 0o755


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_symlink_is_never_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "state").symlink_to(tmp_path / target)
    with pytest.raises(UnsupportedPlaceError, match="it is a symlink"):
        prepare_state_directory(tmp_path / "state")
    assert mode(tmp_path / "there") == 0o755


def test_a_file_in_the_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(UnsupportedPlaceError, match="cannot be the state directory"):
        prepare_state_directory(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)
    with pytest.raises(UnsupportedPlaceError, match="belongs to another user"):
        prepare_state_directory(place)
