"""`events.jsonl` as a file: where it goes on, and that nothing but whole lines stays in it."""

from __future__ import annotations

import errno
import os
import tracemalloc
from pathlib import Path

import pytest

from forge_loop.runner.event_file import EventFile


def line(seq: int) -> str:
    return f'{{"v":1,"seq":{seq},"text":"é"}}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def reopened(path: Path, *, newest: int = 100) -> int:
    file = EventFile(path, newest=newest)
    file.close()
    return file.written


def test_a_new_file_begins_before_the_first_event(path: Path) -> None:
    assert reopened(path) == 0
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_goes_on_after_its_last_line(path: Path) -> None:
    file = EventFile(path, newest=100)
    file.append(line(1) + line(2), last=2)
    assert file.written == 2
    file.close()
    assert reopened(path) == 2


@pytest.mark.parametrize("torn", ["x", '{"v":1,"seq":3', "\n", "null\n", '{"seq":[]}\n', '{"v":1}\n{"v"', "\0" * 5000])
def test_what_is_no_whole_event_at_the_end_is_cut_off(path: Path, torn: str) -> None:
    path.write_text(line(1) + line(2) + torn)
    assert reopened(path) == 2
    assert path.read_text() == line(1) + line(2)


@pytest.mark.parametrize("garbage", ["x", "\n\n\n", "null\n" * 3])
def test_a_file_without_an_event_is_emptied(path: Path, garbage: str) -> None:
    path.write_text(garbage)
    assert reopened(path) == 0
    assert path.read_bytes() == b""


def test_a_file_of_another_history_is_kept_beside_a_new_one(path: Path) -> None:
    other = "".join(line(seq) for seq in range(1, 6))
    path.write_text(other)
    assert reopened(path, newest=3) == 0
    assert path.read_bytes() == b""
    assert path.with_name("events.until-5.jsonl").read_text() == other


def test_a_line_longer_than_what_is_read_at_once_is_found(path: Path) -> None:
    long = '{"seq":2,"text":"' + "x" * 300_000 + '"}\n'
    path.write_text(line(1) + long + "torn")
    assert reopened(path) == 2
    assert path.read_text() == line(1) + long


def test_a_large_file_is_not_read_into_memory(path: Path) -> None:
    path.write_text("".join(line(seq) for seq in range(1, 200_000)))
    tracemalloc.start()
    try:
        assert reopened(path, newest=10**9) == 199_999
        assert tracemalloc.get_traced_memory()[1] < 1_000_000 < path.stat().st_size
    finally:
        tracemalloc.stop()


def test_a_disk_that_takes_only_a_part_leaves_nothing_of_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = EventFile(path, newest=100)
    file.append(line(1), last=1)
    write = os.write
    left = [7]

    def full(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part, left[0] = data[: left[0]], 0
        return write(descriptor, part)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            file.append(line(2), last=2)
    assert path.read_text() == line(1)
    assert file.written == 1
    file.append(line(2), last=2)
    assert path.read_text() == line(1) + line(2)
    file.close()
