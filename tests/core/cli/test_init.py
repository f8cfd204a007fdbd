"""`init`: what is written, what is refused, what is left alone."""

from __future__ import annotations

from pathlib import Path

from support.command_line import Place, run
from support.repositories import git, head


def test_a_project_is_set_up_and_nothing_is_committed(place: Place) -> None:
    before = head(place.project)
    said = place.run("init", "--forge", "local", "--yes")
    assert said.status == 0, said.stderr
    assert head(place.project) == before
    assert git(place.project, "status", "--porcelain").splitlines() == ["?? backlog/", "?? forge-loop.yaml"]
    assert git(place.project, "remote", "get-url", "forge") == str(place.layout.origin)
    assert head(place.layout.origin, "main") == before
    assert place.tracker.open_issues() == []


def test_it_ends_with_the_next_three_commands(place: Place) -> None:
    lines = place.run("init", "--yes").lines
    assert lines[lines.index("next:") + 1 :] == [
        "  forge-loop doctor",
        "  forge-loop issue add 'TITLE' --body 'WHAT AND WHY' --approve",
        "  forge-loop run",
    ]


def test_the_guessed_checks_are_written_and_told(place: Place) -> None:
    (place.project / "go.mod").write_text("module x\n")
    shape = place.run("init", "--yes", "--json").document
    assert shape["checks"] == ["go test ./..."]
    assert shape["base"] == "main"
    rows = dict(line.split("\t") for line in place.run("config", "show").lines)
    assert rows["checks"] == "[go test ./...]"


def test_a_configuration_that_is_there_is_not_replaced_unless_forced(place: Place) -> None:
    place.init()
    (place.project / "forge-loop.yaml").write_text("forge: local\nbase: main\n")
    refused = place.run("init", "--yes")
    assert refused.status == 2
    assert "--force" in refused.stderr
    assert (place.project / "forge-loop.yaml").read_text() == "forge: local\nbase: main\n"
    assert place.run("init", "--yes", "--force").status == 0
    assert "config check" in (place.project / "forge-loop.yaml").read_text()


def test_a_repository_without_a_commit_is_refused_and_nothing_is_written(place: Place, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet", "--initial-branch=main")
    said = run("init", "--yes", "-C", str(empty))
    assert said.status == 2
    assert said.stderr.startswith("error: there is no commit on main yet\nhint: ")
    assert [entry.name for entry in empty.iterdir()] == [".git"]


def test_outside_a_repository_it_says_what_to_do(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    said = run("init", "--yes", "-C", str(outside))
    assert said.status == 2
    assert "git init" in said.stderr


def test_a_forge_that_is_not_built_is_a_usage_error(place: Place) -> None:
    assert place.run("init", "--forge", "gitlab").status == 2
