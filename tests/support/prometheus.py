"""Debian's promtool and prometheus, for tests that ask the real thing.

Owns: running them on loopback, with their own files, and ending what was started. Must not: find a server that
somebody else runs.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

PROGRAMS = ("promtool", "prometheus")
PATIENCE = 60.0

needs_prometheus = pytest.mark.skipif(
    any(shutil.which(name) is None for name in PROGRAMS), reason="Debian's package prometheus is not installed"
)


def promtool(*words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *words], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Prometheus:
    """A running server's HTTP API."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self._url = url
        self._process = process
        self._log = log

    def ask(self, path: str, **fields: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{urlencode(fields)}", timeout=10) as answer:
            document = json.load(answer)
        assert document["status"] == "success", document
        return document["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so. Bounded; the server's log is shown where it never is."""
        deadline = time.monotonic() + PATIENCE
        turn = 0.05
        while True:
            try:
                if reached():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()[-4000:]
            self._pause(turn)

    def _pause(self, seconds: float) -> None:
        """Wait a little, or less if the server ends."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return


@contextmanager
def running(directory: Path, *, target: str, rules: Path) -> Iterator[Prometheus]:
    """A server that scrapes `target` (host:port) every second and evaluates `rules` as often."""
    port = _free_port()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "forge-loop", "static_configs": [{"targets": [target]}]}],
    }
    path = directory / "prometheus.yml"
    path.write_text(json.dumps(config))
    log = directory / "prometheus.log"
    words = [
        f"--config.file={path}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(["prometheus", *words], stdout=output, stderr=output, cwd=directory)
    try:
        yield Prometheus(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])
