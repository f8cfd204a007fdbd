"""A window of a transcript: whole lines, from either end, without reading the whole file."""

from __future__ import annotations

from pathlib import Path

from forge_loop.status import transcript
from forge_loop.status.transcript import lines_after, lines_before, said

USES = '{"role": "worker", "content": [{"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}]}'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    return path


def test_reading_on_takes_whole_lines_and_leaves_a_torn_one(tmp_path: Path) -> None:
    path = written(tmp_path, "one\ntwo\nto")
    first = lines_after(path, 0)
    assert (first.lines, first.end) == (("one", "two"), 8)
    path.write_text("one\ntwo\ntorn\n")
    assert lines_after(path, first.end).lines == ("torn",)


def test_pages_backwards_meet_without_a_gap_or_an_overlap(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(25)]
    path = written(tmp_path, "".join(f"{number}\n" for number in numbers))
    found: list[str] = []
    end: int | None = None
    while end != 0:
        window = lines_before(path, end, 10)
        found = [*window.lines, *found]
        end = window.start
    assert found == numbers


def test_the_end_of_a_long_file_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f"{'x' * 1000} {number}\n" for number in range(5_000)))
    window = lines_before(path, None, 3)
    assert [line.split()[1] for line in window.lines] == ["4997", "4998", "4999"]
    assert window.end == path.stat().st_size


def test_a_line_longer_than_anyone_reads_is_left_out_and_nothing_breaks(tmp_path: Path) -> None:
    path = written(tmp_path, "x" * (transcript.LONGEST_LINE + transcript.CHUNK) + "\nlast\n")
    assert lines_before(path, None, 5).lines == ("last",)


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert lines_before(tmp_path / "none", None, 5).lines == ()
    assert lines_after(tmp_path / "none", 0).lines == ()


def test_a_line_says_who_did_what() -> None:
    (part,) = said(USES)
    assert (part.role, part.verb, part.text) == ("worker", "uses Bash", "ls")
