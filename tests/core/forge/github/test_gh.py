"""GitHub's own command line, pointed at the fake by its own configuration, reads what the loop wrote."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.fake_github import FakeGitHub, serving
from support.github_parts import parts_of
from support.repositories import BASE

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed: apt install gh")


def gh(hub: FakeGitHub, home: Path, *words: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "GH_TOKEN": hub.token, "GH_NO_UPDATE_NOTIFIER": "1"}
    done = subprocess.run(["gh", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gh_reads_the_note_the_label_and_the_pull_request(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "hub") as hub:
        socket = tmp_path / "gh.sock"
        hub.server.listen(socket)
        gh(hub, home, "config", "set", "http_unix_socket", str(socket))
        parts = parts_of(hub)
        number = hub.person_adds("First", "text")
        parts.tracker.post_note(number, "job-1", "handed over: it is yours")
        parts.tracker.add_label(number, "loop:needs-human")
        sha = hub.person_pushes("forge/1-1", {"a": "1"})
        pull = parts.host.open_pull_request(branch="forge/1-1", base=BASE, title="Do it", body="For issue #1.")
        parts.close()

        def read(path: str) -> Any:
            return json.loads(gh(hub, home, "api", f"repos/{hub.full_name}/{path}"))

        (comment,) = read(f"issues/{number}/comments")
        assert "handed over: it is yours" in comment["body"]
        assert [label["name"] for label in read(f"issues/{number}")["labels"]] == ["loop:needs-human"]
        shown = read(f"pulls/{pull.number}")
        assert (shown["title"], shown["head"]["sha"]) == ("Do it", sha)
