"""`demo`: its place. What it plays is tested with the rehearsal, how it looks with the scoreboard."""

from __future__ import annotations

from pathlib import Path

from support.command_line import Place


def test_a_directory_that_holds_something_is_refused_and_left_alone(place: Place, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").write_text("")
    said = place.run("demo", "--keep", str(tmp_path / "kept"))
    assert (said.status, said.stdout) == (2, "")
    assert "is not empty" in said.stderr
    assert [entry.name for entry in (tmp_path / "kept").iterdir()] == ["mine"]
