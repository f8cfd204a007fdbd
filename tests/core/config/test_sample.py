"""The file that `init` writes tells the truth about the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge_loop.config.keys import keys, value_of
from forge_loop.config.load import load
from forge_loop.config.model import Effort, Settings
from forge_loop.config.sample import sample


def loaded(directory: Path, text: str) -> Settings:
    (directory / "forge-loop.yaml").write_text(text)
    return load(directory, environ={}, flags={}).settings


def test_the_file_changes_nothing_but_what_was_given(tmp_path: Path) -> None:
    given: dict[str, object] = {
        "base": "main",
        "checks": ["uv run pytest -q", 'say "hi" # no comment'],
        "worker.timeout": 5400.0,
        "worker.effort": Effort.HIGH,
        "labels.ready": "on",
        "retention.size": 10**9,
    }
    settings = loaded(tmp_path, sample("local", given))
    changed = {key.path for key in keys() if value_of(settings, key.path) != key.default}
    assert changed == {"base", "checks", "worker.timeout", "worker.effort", "labels.ready", "retention.size"}
    assert settings.checks == ("uv run pytest -q", 'say "hi" # no comment')
    assert (settings.worker.timeout, settings.worker.effort) == (5400.0, Effort.HIGH)
    assert (settings.labels.ready, settings.retention.size) == ("on", 10**9)


def test_everything_commented_out_shows_a_key_and_its_default(tmp_path: Path) -> None:
    head, _, body = sample("local", {"base": "main"}).partition("\n\n")
    assert all(line.startswith("#") for line in head.splitlines())
    uncommented = re.sub(r"^( *)# ", r"\1", body, flags=re.MULTILINE)
    assert loaded(tmp_path, uncommented) == Settings(base="main")
    assert len(re.findall(r"^ *\w+: .*# ", uncommented, re.MULTILINE)) == len(keys())


def test_a_section_in_use_keeps_its_other_keys_as_comments_in_place(tmp_path: Path) -> None:
    text = sample("local", {"worker.timeout": "1h"})
    assert re.search(
        r"^worker:\n  # model: claude-opus-4-7 .*\n  # effort: medium .*\n  timeout: 1h ", text, re.MULTILINE
    )


def test_a_name_that_is_no_setting_is_refused() -> None:
    with pytest.raises(ValueError, match=r"worker\.tiemout"):
        sample("local", {"worker.tiemout": 1})
