from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forge_loop.agents.claude import Stop, UnsupportedOptionError, _guard, option_values, supported
from forge_loop.agents.conversation import Conversation
from forge_loop.domain.session import SessionOutcome
from support.sessions import order


def options(tmp_path: Path, **fields: Any) -> dict[str, Any]:
    return option_values(order(tmp_path, **fields), cli=Path("/cli"), guard="guard", stderr=lambda _: None)


def test_a_writing_session_may_edit_its_workspace_and_run_commands(tmp_path: Path) -> None:
    made = options(tmp_path, system="the brief")
    workspace = made["cwd"]
    assert workspace.startswith("/")
    assert made["tools"] == ["Bash", "Read", "Edit", "Write", "Glob", "Grep"]
    assert made["allowed_tools"] == ["Bash", f"Edit(/{workspace}/**)"]
    assert made["system_prompt"] == {"type": "preset", "preset": "claude_code", "append": "the brief"}


def test_a_reading_session_is_allowed_nothing_beyond_its_mode(tmp_path: Path) -> None:
    made = options(tmp_path, writes=False, system="the brief")
    assert (made["tools"], made["allowed_tools"]) == (["Read", "Glob", "Grep"], [])
    assert made["system_prompt"] == "the brief"


@pytest.mark.parametrize("writes", [True, False])
def test_no_session_is_steered_by_the_repository(writes: bool, tmp_path: Path) -> None:
    made = options(tmp_path, writes=writes)
    assert made["setting_sources"] == []
    assert (made["strict_mcp_config"], made["mcp_servers"]) == (True, {})
    assert made["verbatim_prompts"] is True
    assert made["permission_mode"] == "dontAsk"
    assert made["hooks"] == {"PreToolUse": ["guard"]}
    assert json.loads(made["settings"]) == {"attribution": {"commit": "", "pr": ""}}


def test_a_session_has_its_own_id_and_is_resumed_by_it(tmp_path: Path) -> None:
    fresh, again = options(tmp_path, id="an-id"), options(tmp_path, id="an-id", resume=True)
    assert (fresh["session_id"], "resume" in fresh) == ("an-id", False)
    assert (again["resume"], "session_id" in again) == ("an-id", False)


def test_an_option_the_sdk_lacks_is_never_dropped() -> None:
    @dataclass
    class OldOptions:
        cwd: str = ""

    assert supported(OldOptions, {"cwd": "/"}) == {"cwd": "/"}
    with pytest.raises(UnsupportedOptionError, match="strict_mcp_config, verbatim_prompts"):
        supported(OldOptions, {"cwd": "/", "verbatim_prompts": True, "strict_mcp_config": True})


def test_the_guard_answers_in_the_hooks_words(tmp_path: Path) -> None:
    guard = _guard(order(tmp_path), Conversation(order=order(tmp_path), hear=lambda _: None))
    allowed = asyncio.run(_call(guard, {"tool_name": "Bash", "tool_input": {"command": "true"}}))
    denied = asyncio.run(_call(guard, {"tool_name": "Write", "tool_input": {"file_path": "/etc/x"}}))
    assert allowed == {}
    assert denied["hookSpecificOutput"]["permissionDecision"] == "deny"


async def _call(guard: Any, call: Any) -> Any:
    return await guard(call, None, None)


def test_the_first_reason_to_stop_stays() -> None:
    stop = Stop()
    stop.ask("first")
    stop.ask("second", SessionOutcome.TIMED_OUT)
    assert (stop.asked.is_set(), stop.reason, stop.outcome) == (True, "first", SessionOutcome.STOPPED)


def test_nothing_on_the_loops_side_imports_the_sdk() -> None:
    program = (
        "import sys\n"
        "import forge_loop.agents.commands, forge_loop.agents.hosts, forge_loop.agents.cli\n"
        "import forge_loop.agents.credentials, forge_loop.agents.claude, forge_loop.agents.host\n"
        "from forge_loop.agents.cli import cli_path\n"
        "cli_path({})\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('claude_agent_sdk', 'mcp')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
