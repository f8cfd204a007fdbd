"""`sinks`: free mappings by the name of a satellite's sink."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.config.load import load
from forge_loop.config.model import Sink
from forge_loop.config.show import show
from forge_loop.errors import ConfigError


def settings_file(directory: Path, text: str) -> Path:
    (directory / "forge-loop.yaml").write_text(text)
    return directory


def test_each_sink_keeps_its_own_settings_and_they_are_not_shown(tmp_path: Path) -> None:
    directory = settings_file(tmp_path, "sinks:\n  slack: {token: env:SLACK, kinds: [job.merged]}\n  webhook: {}\n")
    loaded = load(directory, environ={}, flags={})
    slack = Sink(name="slack", settings={"token": "env:SLACK", "kinds": ["job.merged"]})
    assert loaded.settings.sinks == (slack, Sink(name="webhook", settings={}))
    shown = {row.key: row.value for row in show(loaded)}
    assert shown["sinks"] == "{slack: ..., webhook: ...}"


def test_a_variable_names_sinks_as_yaml(tmp_path: Path) -> None:
    loaded = load(tmp_path, environ={"FORGE_LOOP_SINKS": "{otel: {endpoint: here}}"}, flags={})
    assert loaded.settings.sinks == (Sink(name="otel", settings={"endpoint": "here"}),)


@pytest.mark.parametrize("text", ["sinks: [slack]\n", "sinks: slack\n", "sinks: {slack: loud}\n"])
def test_what_is_no_mapping_of_mappings_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"forge-loop.yaml:1:\d+: sinks.*expected a mapping"):
        load(settings_file(tmp_path, text), environ={}, flags={})
