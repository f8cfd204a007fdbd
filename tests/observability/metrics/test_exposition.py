"""The ways out: the encoding that is asked for, a file in one step, a server on loopback."""

from __future__ import annotations

import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forge_loop_observability.metrics import exposition
from forge_loop_observability.metrics.exposition import registry_of, serve, text, write


@contextmanager
def served(state: Path) -> Iterator[str]:
    with serve(registry_of(state), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join(10)


def test_the_asker_gets_the_format_it_accepts(merged: Path) -> None:
    openmetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    with served(merged) as url:
        for accept, expected in ((openmetrics, "application/openmetrics-text; version=1.0.0"), ("", "text/plain")):
            asked = urllib.request.Request(url, headers={"Accept": accept})
            with urllib.request.urlopen(asked, timeout=10) as answer:
                assert answer.headers["Content-Type"].startswith(expected)
                body = answer.read().decode()
            assert 'forge_loop_jobs{state="merged"} 1.0\n' in body
            assert body.endswith("# EOF\n") == ("openmetrics" in accept)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405)])
def test_there_is_one_thing_to_get(merged: Path, method: str, path: str, status: int) -> None:
    with served(merged) as url:
        asked = urllib.request.Request(url.removesuffix("/metrics") + path, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        with refused.value as answer:
            assert answer.code == status


def test_a_file_is_replaced_in_one_step_and_can_be_read_by_others(merged: Path, tmp_path: Path) -> None:
    path = tmp_path / "forge_loop.prom"
    path.write_text("before")
    write(registry_of(merged), path)
    assert "forge_loop_up 0.0\n" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(
    merged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "forge_loop.prom"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write(registry_of(merged), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_registry_holds_nothing_of_this_process(merged: Path) -> None:
    names = {line.split("{")[0].split()[0] for line in text(registry_of(merged)).splitlines() if line[0] != "#"}
    assert {name for name in names if not name.startswith("forge_loop_")} == set()
    assert exposition.PATH == "/metrics"


def test_fifty_scrapes_at_once_are_all_answered_soon(merged: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bodies: list[bytes] = []

    def scrape(url: str) -> None:
        with urllib.request.urlopen(url, timeout=10) as answer:
            bodies.append(answer.read())

    with served(merged) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        scrapes = [threading.Thread(target=scrape, args=(url,)) for _ in range(50)]
        for thread in scrapes:
            thread.start()
        for thread in scrapes:
            thread.join(20)
        for caller in silent:  # a caller that hangs up in the midst is not worth a word
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            caller.close()
    assert len(bodies) == 50
    assert all(b'forge_loop_jobs{state="merged"} 1.0\n' in body for body in bodies)
    assert all(b"forge_loop_collector_errors_total 0.0\n" in body for body in bodies)
    assert capfd.readouterr().err == ""
