"""The pipeline's file while the loop runs: what counts as an edit, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, Pipeline
from forge_loop.errors import ConfigError, MissingDistributionError
from forge_loop.runner.pipeline_watch import PipelineWatch

MORE = Pipeline(nodes=(Node(name="security", kind=NodeKind.REVIEW),))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".forge-loop").mkdir()
    return tmp_path / ".forge-loop" / "pipeline.yaml"


def test_the_file_is_read_again_when_it_comes_changes_and_goes(place: Path) -> None:
    watch = PipelineWatch(place, lambda: MORE if place.exists() else CRITIC_ALONE)
    assert watch() is None
    place.write_text("one")
    assert (watch(), watch()) == (MORE, None)
    place.write_text("another")
    assert (watch(), watch()) == (MORE, None)
    place.unlink()
    assert (watch(), watch()) == (CRITIC_ALONE, None)


def test_a_brief_beside_the_file_counts_where_there_is_a_file(place: Path) -> None:
    briefs = place.parent / "briefs-of-nodes"
    briefs.mkdir()
    watch = PipelineWatch(place, lambda: MORE)
    (briefs / "security.md.tmpl").write_text("look")
    assert watch() is None
    place.write_text("one")
    assert (watch(), watch()) == (MORE, None)
    (briefs / "security.md.tmpl").write_text("look well")
    assert (watch(), watch()) == (MORE, None)


def test_a_bad_edit_is_told_once_and_so_is_what_reads_the_file_and_is_missing(place: Path) -> None:
    problems = [ConfigError(["pipeline.yaml:1:1: nonsense"]), MissingDistributionError("it", "d", hint="install it")]

    def load() -> Pipeline:
        raise problems.pop(0)

    watch = PipelineWatch(place, load)
    for text in ("one", "another"):
        place.write_text(text)
        with pytest.raises(ConfigError):
            watch()
        assert watch() is None


def test_a_checkout_that_is_gone_takes_no_review_away(place: Path) -> None:
    place.write_text("one")
    watch = PipelineWatch(place, lambda: CRITIC_ALONE)
    moved = place.parent.parent / "elsewhere"
    place.parent.rename(moved)
    (place.parent.parent / ".git").rmdir()
    assert watch() is None
    (place.parent.parent / ".git").mkdir()
    moved.rename(place.parent)
    assert watch() is None
