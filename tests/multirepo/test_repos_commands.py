"""`forge-loop repos`: the fleet from the command line, on real checkouts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop_multirepo.lanes import Lane
from forge_loop_multirepo.records import Records
from support.command_line import Said, run
from support.repositories import make_checkout
from support.runner_world import FULL_BODY


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "FORGE_LOOP_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "home"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return checkout(tmp_path, "Shop Front")


def checkout(root: Path, name: str) -> Path:
    project = root / name
    make_checkout(project)
    init_backlog(project)
    return project


def repos(*words: str) -> Said:
    return run("repos", *words)


def names() -> list[str]:
    return [each["name"] for each in repos("list", "--json").document["repositories"]]


def test_a_checkout_is_added_under_a_name_of_its_own_and_listed_with_where_its_slots_come_from(shop: Path) -> None:
    said = repos("add", str(shop), "--weight", "3", "--window", "mon-fri 20:00-07:00")
    assert (said.status, said.stdout) == (0, "shop-front\n")
    (found,) = repos("list", "--json").document["repositories"]
    assert found == {
        "name": "shop-front",
        "path": str(shop),
        "enabled": True,
        "weight": 3.0,
        "max_slots": 4,
        "priority": 2,
        "windows": ["mon-fri 20:00-07:00"],
        "slots": 3,
        "slots_from": "scheduling.parallel, default",
        "problem": None,
    }
    (shop / "forge-loop.yaml").write_text("scheduling:\n  parallel: 2\n")
    assert "2 (scheduling.parallel, forge-loop.yaml:2)" in repos("list").stdout


def test_the_same_checkout_or_name_twice_is_refused_and_changes_nothing(shop: Path, tmp_path: Path, home: Path) -> None:
    repos("add", str(shop))
    before = (home / ".config/forge-loop/repos.yaml").read_text()
    again = repos("add", str(shop), "--name", "other")
    assert again.status == 2
    assert "already, as shop-front" in again.stderr
    taken = repos("add", str(checkout(tmp_path, "two")), "--name", "shop-front")
    assert "has a repository 'shop-front' already" in taken.stderr
    assert (home / ".config/forge-loop/repos.yaml").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--name", "No Good"), "'No Good' is no name"),
        (("--window", "always"), "expected a window"),
        (("--weight", "0"), "0.1"),
    ],
)
def test_bad_terms_are_refused(shop: Path, words: tuple[str, ...], said: str) -> None:
    refused = repos("add", str(shop), *words)
    assert refused.status == 2
    assert said in refused.stderr
    assert names() == []


def test_what_cannot_be_worked_on_is_not_added(shop: Path, tmp_path: Path) -> None:
    (shop / "forge-loop.yaml").write_text("nonsense: 1\n")
    assert "unknown key 'nonsense'" in repos("add", str(shop)).stderr
    (tmp_path / "plain").mkdir()
    assert "is not inside a git checkout" in repos("add", str(tmp_path / "plain")).stderr
    assert names() == []


def test_a_repository_is_switched_off_and_on_and_removed(shop: Path) -> None:
    repos("add", str(shop))
    assert repos("disable", "shop-front").status == 0
    assert repos("list", "--json").document["repositories"][0]["enabled"] is False
    assert repos("enable", "shop-front").status == 0
    assert repos("list", "--json").document["repositories"][0]["enabled"] is True
    assert repos("remove", "shop-front").status == 0
    assert names() == []
    unknown = repos("remove", "shop-front")
    assert (unknown.status, "the fleet has no repository 'shop-front'" in unknown.stderr) == (2, True)


@pytest.mark.parametrize("command", ["plan", "run", "status", "doctor"])
def test_an_empty_fleet_says_how_to_begin(command: str) -> None:
    said = repos(command)
    assert said.status == 2
    assert "hint: forge-loop repos add PATH" in said.stderr


def test_one_state_directory_for_all_is_refused(shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repos("add", str(shop))
    monkeypatch.setenv("FORGE_LOOP_STATE_DIR", str(tmp_path / "one"))
    said = repos("run")
    assert said.status == 2
    assert "all repositories would keep their state in one directory" in said.stderr


def test_the_plan_names_who_is_next_and_why_and_what_holds_the_others(tmp_path: Path) -> None:
    for name, terms in {"a": ("--weight", "2"), "b": (), "off": ()}.items():
        project = checkout(tmp_path, name)
        repos("add", str(project), *terms)
        tracker = BacklogTracker(project)
        for title in ("One", "Two"):
            tracker.add(title=title, body=FULL_BODY, labels=("loop:ready",))
    repos("disable", "off")
    why = repos("explain", "off", "1", "--json").document["reasons"]
    assert "the repository is disabled in the fleet" in [reason["text"] for reason in why]
    found = repos("plan", "--json").document
    assert [each["repository"] for each in found["next"]] == ["a", "b", "a", "b"]
    assert found["next"][0]["because"].startswith("p2, weight 2")
    assert found["held_back"] == {"off": ["it is disabled"]}
    assert not found["running"]
    assert not list((tmp_path / "home").glob(".local/state/forge-loop/*/state.db"))


def test_status_and_explain_of_a_running_fleet_name_the_fleets_own_reasons(shop: Path, home: Path) -> None:
    repos("add", str(shop))
    number = BacklogTracker(shop).add(title="One", body=FULL_BODY, labels=("loop:ready",))
    assert repos("status").status == 3
    records = Records(home / ".local/state/forge-loop/fleet")
    records.begin()
    lanes = [Lane(name="shop-front", ceiling=2, wants=1, closed="it is outside its windows (sat)")]
    records.keep(lanes, slots=4, now=0.0, problem="", problems={}, places={})
    status = repos("status", "--json")
    assert status.status == 0
    assert status.document["fleet"]["pid"] == os.getpid()
    assert status.document["repositories"][0]["closed"] == "it is outside its windows (sat)"
    said = repos("explain", "shop-front", str(number), "--json").document
    assert "it is outside its windows (sat)" in [reason["text"] for reason in said["reasons"]]
    assert said["running"] is False
    records.end()
    records.close()


def test_doctor_checks_every_enabled_repository(shop: Path, tmp_path: Path) -> None:
    repos("add", str(shop))
    repos("add", str(checkout(tmp_path, "two")))
    repos("disable", "two")
    checks = repos("doctor", "--json").document["checks"]
    assert {each["repository"] for each in checks} == {"shop-front"}
    assert {"git", "python"} <= {each["check"] for each in checks}
