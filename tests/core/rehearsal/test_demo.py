"""What the sessions of a rehearsal are given. The whole play is tests/e2e/test_demo.py."""

from __future__ import annotations

from pathlib import Path

from forge_loop.rehearsal.demo import MADE_UP_TOKEN, scripted_environment

OPERATORS = {
    "PATH": "/usr/bin",
    "HOME": "/home/me",
    "LANG": "C.UTF-8",
    "ANTHROPIC_API_KEY": "a-real-key",
    "CLAUDE_CODE_OAUTH_TOKEN": "a-real-token",
    "ANTHROPIC_BASE_URL": "https://elsewhere.example",
    "HTTPS_PROXY": "http://proxy.example",
    "GH_TOKEN": "a-real-tracker-token",
    "FORGE_LOOP_MERGE_MODE": "manual",
}


def test_nothing_of_the_operators_but_paths_and_language_reaches_a_scripted_session(tmp_path: Path) -> None:
    made = scripted_environment(OPERATORS, home=tmp_path, url="http://127.0.0.1:9")
    assert made == {
        "PATH": "/usr/bin",
        "LANG": "C.UTF-8",
        "HOME": str(tmp_path),
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "CLAUDE_CODE_OAUTH_TOKEN": MADE_UP_TOKEN,
        "CLAUDE_CODE_MAX_RETRIES": "2",
    }
