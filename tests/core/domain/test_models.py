from __future__ import annotations

import pytest

from forge_loop.config.model import DEFAULT_MODEL
from forge_loop.domain.models import is_model


@pytest.mark.parametrize(
    "name",
    [
        DEFAULT_MODEL,
        "claude-opus-5-5",
        "claude-sonnet-4-5-20250929",
        "claude-3-5-haiku-latest",
        "claude-3-7-sonnet-20250219",
        "claude-fable-5-2",
        "claude-opus-4-7[1m]",
        "opus",
        "sonnet[1m]",
        "haiku",
        "fable",
        "us.anthropic.claude-opus-4-7-v1:0",
        "anthropic/claude-sonnet-4-5",
        "claude-opus-4@20250514",
    ],
)
def test_a_name_a_model_can_have_is_one(name: str) -> None:
    assert is_model(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "claude",
        "claude-opsu-4-7",
        "claude-opus-",
        "opus-4-7",
        "gpt-5",
        "CLAUDE-OPUS-4-7",
        "claude opus",
        "claude-4-7",
    ],
)
def test_a_slip_of_the_pen_is_none(name: str) -> None:
    assert not is_model(name)
