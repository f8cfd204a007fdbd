"""Settings as rows."""

from __future__ import annotations

from pathlib import Path

from forge_loop.config.keys import keys
from forge_loop.config.load import load
from forge_loop.config.show import Row, show


def test_every_setting_is_a_row_with_its_value_as_written_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / "forge-loop.yaml").write_text("checks: [a, b]\nworker: {timeout: 5400}\ncritic: {enabled: false}\n")
    rows = show(load(tmp_path, environ={}, flags={"scheduling.parallel": 4}))
    assert [row.key for row in rows] == [key.path for key in keys()]
    assert {
        Row("checks", "[a, b]", "forge-loop.yaml:1"),
        Row("worker.timeout", "1h30m", "forge-loop.yaml:2"),
        Row("critic.enabled", "false", "forge-loop.yaml:3"),
        Row("merge.mode", "manual", "critic.enabled: false"),
        Row("scheduling.parallel", "4", "--parallel"),
        Row("retention.size", "2GiB", "default"),
        Row("retention.transcripts", "14d", "default"),
        Row("base", "", "default"),
    } <= set(rows)
