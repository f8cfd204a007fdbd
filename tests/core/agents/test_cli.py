from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_loop.agents import cli
from forge_loop.agents.credentials import Credential
from forge_loop.errors import AgentError, AuthenticationError


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def unbundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an install from source, which brings no Claude Code."""
    monkeypatch.setattr(cli, "_bundled", lambda: None)


def test_the_bundled_claude_code_is_found_and_says_its_version() -> None:
    path = cli.cli_path({"PATH": ""})
    assert path.name == "claude"
    assert path.parent.name == "_bundled"
    assert cli.require_supported({"PATH": ""}) == path
    assert "Claude Code" in cli.claude_version({"PATH": os.environ["PATH"]})


@pytest.mark.usefixtures("unbundled")
def test_without_a_bundled_one_the_path_is_searched(tmp_path: Path) -> None:
    found = script(tmp_path / "claude", "echo '2.1.400 (Claude Code)'")
    environ = {"PATH": str(tmp_path)}
    assert cli.require_supported(environ) == found
    assert cli.claude_version(environ) == "2.1.400 (Claude Code)"


@pytest.mark.usefixtures("unbundled")
def test_no_claude_code_at_all_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="not installed") as caught:
        cli.cli_path({"PATH": str(tmp_path)})
    assert caught.value.hint


@pytest.mark.usefixtures("unbundled")
@pytest.mark.parametrize("text", ["echo '2.1.247 (Claude Code)'", "echo '1.99.999'", "echo nonsense"])
def test_one_too_old_to_take_text_verbatim_is_refused(text: str, tmp_path: Path) -> None:
    script(tmp_path / "claude", text)
    with pytest.raises(AgentError, match=r"older than 2\.1\.248"):
        cli.require_supported({"PATH": str(tmp_path)})


@pytest.mark.usefixtures("unbundled")
def test_one_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    script(tmp_path / "claude", "exit 3")
    with pytest.raises(AgentError, match="cannot run"):
        cli.claude_version({"PATH": str(tmp_path)})


def login(token: str = "a-token") -> Credential:
    account = {"accessToken": token, "refreshToken": None, "expiresAt": 4102444800000, "scopes": ["user:inference"]}
    return Credential(payer="the login", login={"claudeAiOauth": account})


@pytest.mark.parametrize(
    ("credential", "method"),
    [
        (Credential(payer="the token", variables={"CLAUDE_CODE_OAUTH_TOKEN": "a-token"}), "oauth_token"),
        (Credential(payer="the key", variables={"ANTHROPIC_API_KEY": "a-key"}), "api_key"),
        (login(), "claude.ai"),
    ],
)
def test_claude_code_says_itself_how_it_is_logged_in(credential: Credential, method: str) -> None:
    operators = {"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "the-operators-own"}
    assert cli.login_method(credential, operators) == method


def test_a_credential_that_claude_code_does_not_take_is_no_login() -> None:
    with pytest.raises(AuthenticationError, match="not logged in"):
        cli.login_method(Credential(payer="nobody"), {"PATH": os.environ["PATH"]})


@pytest.mark.usefixtures("unbundled")
@pytest.mark.parametrize("text", ["exit 3", "echo nonsense", "echo '[]'", "echo '{}'"])
def test_a_status_that_cannot_be_read_is_an_error(text: str, tmp_path: Path) -> None:
    script(tmp_path / "claude", text)
    with pytest.raises(AgentError, match="cannot be read"):
        cli.login_method(login(), {"PATH": str(tmp_path)})
