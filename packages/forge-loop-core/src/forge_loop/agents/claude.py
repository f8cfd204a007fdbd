"""One session of Claude Code through the agent SDK.

Owns: the options per role and the client: connecting, interrupting, leaving. It is the only importer of
`claude_agent_sdk`, and only inside functions. Must not: run in the loop's process, or drop an option that the
installed SDK does not know: such a session ends with CONFIGURATION.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from forge_loop.agents.conversation import Conversation, subject
from forge_loop.agents.frames import Finished, Frame
from forge_loop.agents.guard import READING_TOOLS, WRITING_TOOLS, refusal
from forge_loop.agents.ladder import INTERRUPT_SECONDS
from forge_loop.domain.session import SessionOrder, SessionOutcome

MAX_MESSAGE_BYTES = 16 * 2**20

Hook = Callable[[Any, Any, Any], Awaitable[Any]]


class UnsupportedOptionError(Exception):
    """The installed agent SDK lacks options that a session must not run without."""


@dataclass(kw_only=True, slots=True)
class Stop:
    """A request to end the session; `reason` is the sentence for a person, `outcome` what such an end is."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""
    outcome: SessionOutcome = SessionOutcome.STOPPED

    def ask(self, reason: str, outcome: SessionOutcome = SessionOutcome.STOPPED) -> None:
        """The first to ask is the one who is heard."""
        if not self.asked.is_set():
            self.reason, self.outcome = reason, outcome
            self.asked.set()


async def run_session(order: SessionOrder, *, cli: Path, stop: Stop, hear: Callable[[Frame], None]) -> Finished:
    """Hold one conversation to its end and say how it ended. Never raises for what the SDK or the CLI does."""
    from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError, HookMatcher

    conversation = Conversation(order=order, hear=hear, end=stop.ask)
    guard = HookMatcher(hooks=[_guard(order, conversation)], timeout=10, on_failure="block")
    try:
        wanted = option_values(order, cli=cli, guard=guard, stderr=conversation.complained)
        options = ClaudeAgentOptions(**supported(ClaudeAgentOptions, wanted))
        async with ClaudeSDKClient(options) as client:
            await converse(client, conversation, stop)
    except UnsupportedOptionError as problem:
        return Finished(outcome=SessionOutcome.CONFIGURATION, detail=str(problem))
    except ClaudeSDKError as problem:
        return conversation.broken(problem, stop.reason)
    return conversation.finished(stop.reason)


def option_values(order: SessionOrder, *, cli: Path, guard: object, stderr: Callable[[str], None]) -> dict[str, Any]:
    """The options of a session, by the names of ClaudeAgentOptions."""
    identity = {"resume": order.id} if order.resume else {"session_id": order.id}
    role = _writing(order) if order.writes else _reading(order)
    return (
        identity
        | role
        | {
            "cwd": str(order.workspace),
            "cli_path": str(cli),
            "model": order.model,
            "effort": order.effort,
            "max_turns": order.max_turns,
            "permission_mode": "dontAsk",
            "setting_sources": [],
            "strict_mcp_config": True,
            "mcp_servers": {},
            "verbatim_prompts": True,
            "settings": json.dumps({"attribution": {"commit": "", "pr": ""}}),
            "hooks": {"PreToolUse": [guard]},
            "output_format": {"type": "json_schema", "schema": dict(order.report_schema)},
            "include_partial_messages": True,
            "max_buffer_size": MAX_MESSAGE_BYTES,
            "stderr": stderr,
        }
    )


def _writing(order: SessionOrder) -> dict[str, Any]:
    return {
        "system_prompt": {"type": "preset", "preset": "claude_code", "append": order.system},
        "tools": list(WRITING_TOOLS),
        # The workspace is absolute, so the rule begins with two slashes: that is what makes it absolute.
        "allowed_tools": ["Bash", f"Edit(/{order.workspace}/**)"],
    }


def _reading(order: SessionOrder) -> dict[str, Any]:
    return {"system_prompt": order.system, "tools": list(READING_TOOLS), "allowed_tools": []}


def supported(kind: type[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`wanted` itself. Raises UnsupportedOptionError naming what the options class does not have."""
    known = {entry.name for entry in fields(kind)}
    missing = sorted(set(wanted) - known)
    if missing:
        raise UnsupportedOptionError(f"the installed claude-agent-sdk does not know: {', '.join(missing)}")
    return dict(wanted)


def _guard(order: SessionOrder, conversation: Conversation) -> Hook:
    async def guard(call: Any, call_id: Any, _context: Any) -> dict[str, Any]:
        reason = refusal(
            tool=call["tool_name"], fields=call["tool_input"], writes=order.writes, workspace=order.workspace
        )
        if reason is None:
            return {}
        conversation.denied(str(call_id), call["tool_name"], subject(call["tool_input"]))
        denied = {"permissionDecision": "deny", "permissionDecisionReason": reason}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **denied}}

    return guard


async def converse(client: Any, conversation: Conversation, stop: Stop) -> None:
    """Send the prompt and listen until the result, or until asked to stop: then interrupt and listen 8 s more."""
    if stop.asked.is_set():
        return
    reading = asyncio.create_task(conversation.read(client))
    stopping = asyncio.create_task(stop.asked.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not reading.done():
        await _interrupt(client)
        await asyncio.wait({reading}, timeout=INTERRUPT_SECONDS)
        reading.cancel()
    ended = (await asyncio.gather(reading, return_exceptions=True))[0]
    if isinstance(ended, Exception):
        raise ended


async def _interrupt(client: Any) -> None:
    from claude_agent_sdk import ClaudeSDKError

    try:
        await asyncio.wait_for(client.interrupt(), INTERRUPT_SECONDS)
    except (ClaudeSDKError, TimeoutError):
        return  # it is gone or deaf; leaving the client and ending its processes follow
