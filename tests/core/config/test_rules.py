"""What is refused although it is a text, with its place and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.config.load import load
from forge_loop.errors import ConfigError


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    (tmp_path / "forge-loop.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, environ={}, flags={})
    return caught.value.problems


@pytest.mark.parametrize("role", ["worker", "critic", "po", "maintenance"])
def test_an_unknown_model_is_refused_with_its_value(tmp_path: Path, role: str) -> None:
    (problem,) = problems(tmp_path, f"{role}:\n  model: claude-opsu-4-7\n")
    assert f":2:10: {role}.model: there is no model 'claude-opsu-4-7'" in problem
    assert "claude-opus-..." in problem


def test_what_may_be_done_unasked_has_names(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "maintenance: {apply: [comment, retitle]}\n")
    assert "maintenance.apply: expected one of comment, label-triage, got 'retitle'" in problem


def test_an_environment_variable_is_named_and_not_set(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, 'deploy: {environment: [TOKEN, "TOKEN=secret"]}\n')
    assert "deploy.environment: expected the name of an environment variable, got 'TOKEN=secret'" in problem
