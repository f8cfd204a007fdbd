"""`init --forge github`: which repository it is, and the labels it needs."""

from __future__ import annotations

import pytest

from forge_loop.cli.github.setup import Found, parse_remote
from support.command_line import Place
from support.fake_github import FakeGitHub
from support.repositories import git

LABELS = ["loop:ready", "loop:blocked", "risk:high", "loop:needs-human"]


def test_the_remote_says_which_repository_it_is(hub: FakeGitHub, place: Place) -> None:
    said = place.run("init", "--forge", "github", "--yes", "--json")
    assert said.status == 0, said.stderr
    assert (said.document["repository"], said.document["url"]) == (hub.full_name, hub.url)
    rows = dict(line.split("\t") for line in place.run("config", "show").lines)
    assert (rows["forge"], rows["repository"], rows["github.url"]) == ("github", hub.full_name, hub.url)
    assert git(place.project, "status", "--porcelain") == "?? forge-loop.yaml"
    assert hub.requests == []


def test_labels_are_created_where_they_are_missing(hub: FakeGitHub, place: Place) -> None:
    hub.state.labels["loop:blocked"] = "000000"
    said = place.run("init", "--forge", "github", "--create-labels", "--yes", "--json")
    assert said.document["labels"] == [name for name in LABELS if name != "loop:blocked"]
    assert set(LABELS) <= set(hub.state.labels)
    assert hub.state.labels["loop:blocked"] == "000000"
    again = place.run("init", "--forge", "github", "--create-labels", "--force", "--yes", "--json")
    assert again.document["labels"] == []


def test_nothing_is_ever_labelled_by_it(hub: FakeGitHub, place: Place) -> None:
    number = hub.person_adds("An issue", "text")
    place.run("init", "--forge", "github", "--create-labels", "--yes")
    assert hub.ticket(number).labels == []


def test_a_repository_may_be_named(place: Place) -> None:
    said = place.run("init", "--forge", "github", "--repo", "some/other", "--yes", "--json")
    assert said.document["repository"] == "some/other"
    refused = place.run("init", "--forge", "github", "--repo", "nonsense", "--force", "--yes")
    assert (refused.status, "owner/name" in refused.stderr) == (2, True)


def test_without_a_remote_it_asks_for_the_name(place: Place) -> None:
    git(place.project, "remote", "remove", "origin")
    said = place.run("init", "--forge", "github", "--yes")
    assert said.status == 2
    assert "hint: --repo OWNER/NAME" in said.stderr
    assert not (place.project / "forge-loop.yaml").exists()


def test_its_options_belong_to_it(place: Place) -> None:
    assert place.run("init", "--create-labels", "--yes").status == 2


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://github.com/octo/sample.git", ("https://github.com", "octo/sample")),
        ("https://github.com/octo/sample", ("https://github.com", "octo/sample")),
        ("https://someone:secret@github.com/octo/sample.git", ("https://github.com", "octo/sample")),
        ("git@github.com:octo/sample.git", ("https://github.com", "octo/sample")),
        ("ssh://git@git.corp.example/octo/sample.git", ("https://git.corp.example", "octo/sample")),
        ("ssh://git@git.corp.example:2222/octo/sample", ("https://git.corp.example", "octo/sample")),
    ],
)
def test_every_way_of_writing_a_remote_is_read(address: str, found: tuple[str, str]) -> None:
    assert parse_remote(address) == Found(url=found[0], repository=found[1])


@pytest.mark.parametrize("address", ["/srv/git/sample.git", "../origin.git", "", "file:///srv/x/y.git"])
def test_a_path_is_no_github(address: str) -> None:
    assert parse_remote(address) is None
