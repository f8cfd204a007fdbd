from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forge_loop.agents.credentials import Credential, choose_credential, describe_auth
from forge_loop.errors import AuthenticationError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def log_in(directory: Path, *, expires: datetime | None = NOW + timedelta(hours=8), **fields: Any) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    account = {"accessToken": "access", "refreshToken": "refresh", "scopes": ["user:inference"], **fields}
    if expires is not None:
        account["expiresAt"] = int(expires.timestamp() * 1000)
    (directory / ".credentials.json").write_text(json.dumps({"claudeAiOauth": account, "mcpOAuth": {"x": "other"}}))


def test_a_subscription_never_hands_out_a_key() -> None:
    environ = {"CLAUDE_CODE_OAUTH_TOKEN": "token", "ANTHROPIC_API_KEY": "key", "ANTHROPIC_AUTH_TOKEN": "auth"}
    credential = choose_credential("subscription", environ, NOW)
    assert (credential.variables, credential.login) == ({"CLAUDE_CODE_OAUTH_TOKEN": "token"}, None)


def test_a_key_is_handed_out_alone() -> None:
    environ = {"CLAUDE_CODE_OAUTH_TOKEN": "token", "ANTHROPIC_API_KEY": "key"}
    assert choose_credential("api_key", environ, NOW).variables == {"ANTHROPIC_API_KEY": "key"}


def test_the_operators_login_is_used_without_its_refresh_token(tmp_path: Path) -> None:
    log_in(tmp_path / ".claude")
    credential = choose_credential("subscription", {"HOME": str(tmp_path)}, NOW)
    assert credential.variables == {}
    assert credential.login is not None
    assert credential.login["claudeAiOauth"]["accessToken"] == "access"
    assert "refresh" not in json.dumps(credential.login).replace("refreshToken", "")
    assert "other" not in json.dumps(credential.login)


def test_a_configured_directory_is_where_the_login_is_looked_for(tmp_path: Path) -> None:
    log_in(tmp_path / "elsewhere")
    environ = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere")}
    assert choose_credential("subscription", environ, NOW).login is not None


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"claudeAiOauth": null}', '{"claudeAiOauth": {"accessToken": ""}}', "\x00"]
)
def test_without_a_credential_the_hint_says_how_to_get_one(text: str | None, tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    if text is not None:
        (tmp_path / ".claude" / ".credentials.json").write_text(text)
    with pytest.raises(AuthenticationError, match="no Claude login") as caught:
        choose_credential("subscription", {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "key"}, NOW)
    assert "claude setup-token" in caught.value.hint


def test_a_login_that_ran_out_is_refused_before_a_session_starts(tmp_path: Path) -> None:
    log_in(tmp_path / ".claude", expires=NOW)
    with pytest.raises(AuthenticationError, match="ran out at 2026-01-31 12:00 UTC"):
        choose_credential("subscription", {"HOME": str(tmp_path)}, NOW)


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="ANTHROPIC_API_KEY is not set"):
        choose_credential("api_key", {"CLAUDE_CODE_OAUTH_TOKEN": "token"}, NOW)


def test_the_sentence_says_who_pays(tmp_path: Path) -> None:
    token = {"CLAUDE_CODE_OAUTH_TOKEN": "token"}
    assert describe_auth("subscription", token, NOW) == (
        "sessions are paid by the Claude subscription (CLAUDE_CODE_OAUTH_TOKEN)"
    )
    both = {**token, "ANTHROPIC_API_KEY": "key"}
    assert describe_auth("subscription", both, NOW).endswith("; ANTHROPIC_API_KEY is set here and is not passed on")
    assert describe_auth("api_key", both, NOW) == "sessions are paid by ANTHROPIC_API_KEY, per token"
    log_in(tmp_path / ".claude")
    assert "until 2026-01-31 20:00 UTC" in describe_auth("subscription", {"HOME": str(tmp_path)}, NOW)


def test_no_sentence_and_no_repr_shows_a_credential(tmp_path: Path) -> None:
    log_in(tmp_path / ".claude", accessToken="sesame")
    shown = [
        repr(choose_credential("subscription", {"HOME": str(tmp_path)}, NOW)),
        repr(choose_credential("subscription", {"CLAUDE_CODE_OAUTH_TOKEN": "sesame"}, NOW)),
        describe_auth("api_key", {"ANTHROPIC_API_KEY": "sesame"}, NOW),
    ]
    assert "sesame" not in "".join(shown)


def test_a_login_is_written_privately_and_never_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    config = tmp_path / "config"
    config.mkdir()
    (config / ".credentials.json").symlink_to(target)
    Credential(payer="test", login={"claudeAiOauth": {"accessToken": "access"}}).install(config)
    written = config / ".credentials.json"
    assert target.read_text() == "untouched"
    assert not written.is_symlink()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_login_of_an_earlier_session_does_not_stay(tmp_path: Path) -> None:
    log_in(tmp_path)
    Credential(payer="test", variables={"CLAUDE_CODE_OAUTH_TOKEN": "token"}).install(tmp_path)
    assert list(tmp_path.iterdir()) == []
