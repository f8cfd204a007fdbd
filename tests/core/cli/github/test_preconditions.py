"""`doctor` at GitHub: the token, its permissions, labels, rules, check runs."""

from __future__ import annotations

import pytest

from support.command_line import Place
from support.fake_github import FakeGitHub
from support.github_place import configured

ENOUGH = frozenset(
    {"issues:write", "pull_requests:write", "contents:write", "statuses:read", "actions:read", "metadata:read"}
)


@pytest.fixture(autouse=True)
def _configured(place: Place) -> None:
    configured(place)


def found(place: Place, check: str) -> tuple[str, str]:
    (said,) = place.run("doctor", "--only", check, "--json").document["checks"]
    return said["state"], f"{said['text']} ({said['hint']})"


def test_the_token_is_said_by_its_source_and_never_shown(hub: FakeGitHub, place: Place) -> None:
    said = place.run("doctor", "--only", "github")
    assert said.stdout.startswith("ok    github         operator by GH_ENTERPRISE_TOKEN")
    assert hub.token not in said.stdout + said.stderr


def test_without_a_token_it_says_where_to_put_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    state, text = found(place, "github")
    assert state == "fail"
    assert "there is no token for 127.0.0.1" in text
    assert "GH_TOKEN" in text


def test_a_token_that_is_not_accepted_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "ghp_old")
    state, text = found(place, "github")
    assert (state, "does not accept the token" in text) == ("fail", True)


def test_a_repository_that_the_token_does_not_see_fails(
    hub: FakeGitHub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_account("outsider", role="none")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.grant("outsider", "ghp_outsider"))
    state, text = found(place, "github")
    assert (state, "may not see it" in text) == ("fail", True)


def test_a_renamed_repository_is_said_so(hub: FakeGitHub, place: Place) -> None:
    hub.state.renamed_from, hub.state.name = hub.full_name, "renamed"
    state, text = found(place, "github")
    assert (state, "repository: octo/renamed" in text) == ("warn", True)


def test_enough_permissions_pass_and_each_that_lacks_is_named(
    hub: FakeGitHub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.grant("operator", "github_pat_1", ENOUGH))
    assert found(place, "permissions")[0] == "ok"
    for permission, name in (
        ("issues:write", "Issues: write"),
        ("pull_requests:write", "Pull requests: write"),
        ("contents:write", "Contents: write"),
        ("statuses:read", "Commit statuses: read"),
        ("actions:read", "Actions: read"),
    ):
        lesser = {f"{permission.partition(':')[0]}:read"} if permission.endswith("write") else set()
        secret = f"github_pat_{name}"
        hub.grant("operator", secret, (ENOUGH - {permission}) | lesser)
        monkeypatch.setenv("GH_ENTERPRISE_TOKEN", secret)
        state, text = found(place, "permissions")
        assert (state, f"the token lacks: {name} (" in text) == ("fail", True), text


def test_looking_at_permissions_changes_nothing(hub: FakeGitHub, place: Place) -> None:
    before = (dict(hub.state.tickets), hub.repository.branches())
    assert found(place, "permissions")[0] == "ok"
    assert (hub.state.tickets, hub.repository.branches()) == before


def test_an_account_that_may_not_push_fails(hub: FakeGitHub, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add_account("reader", role="read")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.grant("reader", "ghp_reader"))
    state, text = found(place, "permissions")
    assert (state, "reader may not push" in text) == ("fail", True)


def test_missing_labels_are_named_with_the_way_to_create_them(hub: FakeGitHub, place: Place) -> None:
    state, text = found(place, "labels")
    assert (state, "loop:ready" in text, "--create-labels" in text) == ("warn", True, True)
    place.run("init", "--forge", "github", "--create-labels", "--force", "--yes")
    assert found(place, "labels")[0] == "ok"


@pytest.mark.parametrize("classic", [False, True])
def test_what_the_base_requires_is_told(hub: FakeGitHub, place: Place, classic: bool) -> None:
    assert found(place, "rules")[0] == "warn"
    hub.state.classic_protection, hub.state.up_to_date = classic, True
    hub.requires("test")
    state, text = found(place, "rules")
    assert ("required on main: test" in text, state) == (True, "ok")
    hub.state.up_to_date = False
    assert "may move" in found(place, "rules")[1]


def test_a_way_of_merging_that_is_not_allowed_fails(hub: FakeGitHub, place: Place) -> None:
    hub.state.methods = {"merge"}
    state, text = found(place, "rules")
    assert (state, "squash merges are not allowed" in text) == ("fail", True)


def test_a_token_that_may_not_see_check_runs_is_told_what_that_means(
    hub: FakeGitHub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(place, "host-checks")[0] == "ok"
    hub.state.private = True
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.grant("operator", "github_pat_1", ENOUGH))
    state, text = found(place, "host-checks")
    assert (state, "may not see check runs" in text) == ("warn", True)


def test_the_base_and_the_issues_are_those_of_github(hub: FakeGitHub, place: Place) -> None:
    hub.person_adds("An issue", "text", labels=("loop:ready",))
    assert found(place, "tracker")[1].startswith("1 open issues, 1 of them approved")
    assert found(place, "base")[0] == "ok"
