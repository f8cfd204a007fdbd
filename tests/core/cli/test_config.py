"""`config`: what holds, where it comes from, every problem at once."""

from __future__ import annotations

import json

import pytest

from support.command_line import Place


def test_show_says_where_each_value_comes_from(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.init()
    monkeypatch.setenv("FORGE_LOOP_SCHEDULING_PARALLEL", "5")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in place.run("config", "show", "--origin").lines}
    assert rows["scheduling.parallel"] == ["FORGE_LOOP_SCHEDULING_PARALLEL", "5"]
    assert rows["base"][0].startswith("forge-loop.yaml:")
    assert rows["retry.attempts"] == ["default", "3"]


def test_show_as_json_holds_every_setting_with_its_origin(place: Place) -> None:
    shape = place.run("config", "show", "--json").document
    assert shape["schema_version"] == 1
    assert shape["settings"]["worker.timeout"] == {"value": "2h", "origin": "default"}


def test_check_says_every_problem_at_once(place: Place) -> None:
    (place.project / "forge-loop.yaml").write_text("forgee: local\nretry: {attempts: 0}\n")
    said = place.run("config", "check")
    assert (said.status, said.stdout) == (2, "")
    assert "2 problems" in said.stderr
    assert "forge-loop.yaml:1" in said.stderr
    assert "'forge'" in said.stderr


def test_check_of_a_sound_configuration_says_so(place: Place) -> None:
    place.init()
    assert place.run("config", "check").status == 0
    assert place.run("config", "check", "--json").document["ok"] is True


def test_a_configuration_named_on_the_command_line_replaces_the_projects(place: Place) -> None:
    place.init()
    other = place.state.parent / "other.yaml"
    other.write_text("forge: local\nbase: trunk\n")
    rows = dict(line.split("\t") for line in place.run("config", "show", "--config", str(other)).lines)
    assert rows["base"] == "trunk"


def test_path_names_the_files_and_the_state(place: Place) -> None:
    shape = place.run("config", "path", "--json").document
    assert shape["state"] == {"path": str(place.state), "exists": False}
    assert shape["project"] == {"path": str(place.project / "forge-loop.yaml"), "exists": False}


def test_schema_is_a_json_schema(place: Place) -> None:
    assert "scheduling" in json.loads(place.run("config", "schema").stdout)["properties"]
