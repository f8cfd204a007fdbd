"""A queue from one word of a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.errors import OperatorError
from forge_loop.queue import InMemoryQueue, SQLiteQueue, open_queue


def test_memory_is_the_queue_that_does_not_last() -> None:
    assert isinstance(open_queue("memory:"), InMemoryQueue)


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_path_is_the_queue_that_lasts(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a queue?.db"
    queue = open_queue(form.format(path))
    assert isinstance(queue, SQLiteQueue)
    queue.push({})
    queue.close()
    assert path.is_file()


def test_what_follows_three_slashes_is_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_queue("sqlite:///queue.db").close()
    assert (tmp_path / "queue.db").is_file()


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "rediss://h", "unix:///run/redis.sock"])
def test_redis_is_refused_with_the_name_of_what_to_use(url: str) -> None:
    with pytest.raises(OperatorError, match="SQLiteQueue") as raised:
        open_queue(url)
    assert raised.value.hint == "sqlite:///jobs.db"
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("url", ["", "sqlite:///", "postgres://host/db", "sqlite://host/queue.db"])
def test_anything_else_names_no_queue(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError, match="names no queue"):
        open_queue(url)
    assert list(tmp_path.iterdir()) == []
