"""GitHub's own command line, pointed at the fake by its own configuration.

Owns: its home and its environment. Must not: be told anything by the product.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from support.fake_github import FakeGitHub


class Gh:
    """Debian's package `gh`. It speaks plain HTTP to a socket that the fake also listens on."""

    def __init__(self, hub: FakeGitHub, directory: Path) -> None:
        self._hub = hub
        self._home = directory / "gh-home"
        self._home.mkdir()
        socket = directory / "gh.sock"
        hub.server.listen(socket)
        self.run("config", "set", "http_unix_socket", str(socket))

    def run(self, *words: str) -> str:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._home),
            "GH_TOKEN": self._hub.token,
            "GH_NO_UPDATE_NOTIFIER": "1",
        }
        done = subprocess.run(["gh", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self, path: str) -> Any:
        """What `gh api` shows of the repository."""
        return json.loads(self.run("api", f"repos/{self._hub.full_name}/{path}"))
