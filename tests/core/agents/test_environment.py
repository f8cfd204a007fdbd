from __future__ import annotations

import os
from pathlib import Path

from forge_loop.agents.environment import command_environment, session_environment
from support.sessions import order

SECRETS = dict.fromkeys(
    (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "GIT_ASKPASS",
        "SSH_AUTH_SOCK",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SLACK_BOT_TOKEN",
        "NPM_TOKEN",
        "KUBECONFIG",
        "PYTHONPATH",
        "LD_PRELOAD",
        "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB",
        "IS_SANDBOX",
        "FORGE_LOOP_ANYTHING",
    ),
    "planted",
)
LOOP = {"PATH": "/bin", "LANG": "C.UTF-8", "HTTPS_PROXY": "http://proxy", "no_proxy": "localhost", "HOME": "/root"}


def test_a_session_gets_an_allow_list_and_one_credential(tmp_path: Path) -> None:
    placed = order(tmp_path)
    made = session_environment(
        placed, loop_id="loop", attempt=3, environ={**LOOP, **SECRETS}, credential={"ANTHROPIC_API_KEY": "given"}
    )
    assert "planted" not in made.values()
    assert made["ANTHROPIC_API_KEY"] == "given"
    assert (made["PATH"], made["HTTPS_PROXY"], made["no_proxy"]) == ("/bin", "http://proxy", "localhost")
    assert (made["HOME"], made["TMPDIR"]) == (str(placed.home), str(placed.tmp))
    assert made["CLAUDE_CONFIG_DIR"] == str(placed.config_dir)
    assert (made["FORGE_LOOP_ID"], made["FORGE_LOOP_SESSION"]) == ("loop", placed.id)
    assert made["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "1"


def test_a_command_gets_no_credential_at_all(tmp_path: Path) -> None:
    environ = {**LOOP, **SECRETS, "ANTHROPIC_BASE_URL": "http://model"}
    made = command_environment(
        loop_id="loop", marker="command", environ=environ, home=tmp_path / "home", tmp=tmp_path / "tmp"
    )
    assert "planted" not in made.values()
    assert [name for name in made if "ANTHROPIC" in name or "CLAUDE" in name] == []
    assert (made["HOME"], made["TMPDIR"]) == (str(tmp_path / "home"), str(tmp_path / "tmp"))


def test_git_reads_no_configuration_and_knows_the_worker(tmp_path: Path) -> None:
    made = session_environment(order(tmp_path), loop_id="loop", attempt=1, environ=LOOP, credential={})
    assert (made["GIT_CONFIG_GLOBAL"], made["GIT_CONFIG_SYSTEM"]) == (os.devnull, os.devnull)
    assert made["GIT_AUTHOR_NAME"] == made["GIT_COMMITTER_NAME"] == "forge-loop worker"
    assert made["GIT_TERMINAL_PROMPT"] == "0"


def test_names_that_are_not_set_are_not_invented(tmp_path: Path) -> None:
    made = session_environment(order(tmp_path), loop_id="loop", attempt=1, environ={}, credential={})
    assert [name for name in ("PATH", "LANG", "HTTP_PROXY", "ANTHROPIC_BASE_URL") if name in made] == []


def test_a_sink_adds_telemetry_to_a_session_and_nothing_else(tmp_path: Path) -> None:
    told = {"TRACEPARENT": "00-1-1-01", "OTEL_TRACES_EXPORTER": "otlp", "PATH": "/evil", "OTEL_LOG_USER_PROMPTS": "1"}
    made = session_environment(order(tmp_path, variables=told), loop_id="loop", attempt=1, environ=LOOP, credential={})
    assert (made["TRACEPARENT"], made["OTEL_TRACES_EXPORTER"], made["PATH"]) == ("00-1-1-01", "otlp", "/bin")
    assert "OTEL_LOG_USER_PROMPTS" not in made
