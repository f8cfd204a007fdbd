"""What is heard of one session, message by message, and how that adds up.

Owns: turning the SDK's messages into frames and transcript lines, and remembering what decides the outcome. Must not:
import the SDK: messages are told apart by the name of their type, so that this can be tested without its 2 s import.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forge_loop.agents.frames import Finished, Frame, Heard, Limited
from forge_loop.agents.outcome import Result, classify
from forge_loop.agents.transcript import Transcript
from forge_loop.domain.denials import denied_too_often
from forge_loop.domain.session import SessionOrder, SessionOutcome

PARTIAL_SECONDS = 5.0


def _go_on(_reason: str) -> None:
    return None


@dataclass(kw_only=True, slots=True)
class Conversation:
    """What was seen so far of one session. `end` is called with the reason when it must not go on."""

    order: SessionOrder
    hear: Callable[[Frame], None]
    end: Callable[[str], None] = _go_on
    result: Result | None = None
    error: str | None = None
    rejected: Limited | None = None
    began: bool = False
    complaint: str = ""
    _transcript: Transcript = field(init=False)
    _counted: set[str] = field(default_factory=set)
    _under_way: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    _denied: dict[str, str] = field(default_factory=dict)
    _partial_at: float = 0.0

    def __post_init__(self) -> None:
        self._transcript = Transcript(self.order)

    async def read(self, client: Any) -> None:
        await client.query(self.order.prompt)
        async for message in client.receive_response():
            self.took(message)

    def took(self, message: Any) -> None:
        """Note one message of the SDK; kinds that are not known are a sign of life and no more."""
        self.began = True
        kind = type(message).__name__
        if kind == "StreamEvent":
            return self._partial(message)
        self._transcript.message(message)
        if kind == "AssistantMessage":
            self._assistant(message)
        elif kind == "UserMessage":
            self._answered(message)
        elif kind == "RateLimitEvent":
            self._limit(message.rate_limit_info)
        elif kind == "ResultMessage":
            self.result = _result(message)
        elif hasattr(message, "subtype"):
            self._system(message)
        return None

    def finished(self, stopped: str) -> Finished:
        return classify(
            result=self.result, error=self.error, rejected=self.rejected, stopped=stopped, denied=self._refused() or ""
        )

    def denied(self, call_id: str, tool: str, about: str) -> None:
        """A call was denied, by the permission mode or by the loop's own guard. Each counts once."""
        self._denied.setdefault(call_id, _called(tool, about))
        reason = self._refused()
        if reason is not None:
            self.end(reason)

    def _refused(self) -> str | None:
        """Why a worker must not go on asking. Of who only reads, the missing report tells enough."""
        return denied_too_often(tuple(self._denied.values())) if self.order.writes else None

    def broken(self, problem: Exception, stopped: str) -> Finished:
        """The SDK raised: before the first message that is how the CLI was started, later it is a lost session."""
        if self.result is not None or stopped:
            return self.finished(stopped)
        outcome = SessionOutcome.LOST if self.began else SessionOutcome.CONFIGURATION
        return Finished(outcome=outcome, detail=self.complaint or _said(problem))

    def complained(self, line: str) -> None:
        """Claude Code wrote a line to stderr: often the only place that says why it cannot start."""
        self.complaint = line.strip()[:500] or self.complaint
        sys.stderr.write(line.rstrip("\n") + "\n")

    def _partial(self, message: Any) -> None:
        # A long answer arrives in thousands of pieces: often enough for the watchdog is enough. A ping is no life.
        now = time.monotonic()
        if message.event.get("type") != "ping" and now - self._partial_at >= PARTIAL_SECONDS:
            self._partial_at = now
            self._heard(kind="assistant")

    def _assistant(self, message: Any) -> None:
        if message.error:
            self.error = message.error
        into, out = self._tokens(message)
        # The model speaks again once it has all its answers: what is open of an earlier message was dropped.
        self._under_way = {key: call for key, call in self._under_way.items() if call[0] == message.message_id}
        self._heard(kind="assistant", tokens_in=into, tokens_out=out)
        for block in message.content:
            if type(block).__name__ == "ToolUseBlock":
                about = subject(block.input)
                self._under_way[block.id] = (message.message_id, about)
                self._heard(kind="tool", tool=block.name, detail=about)

    def _answered(self, message: Any) -> None:
        blocks = message.content if isinstance(message.content, list) else []
        for block in blocks:
            if type(block).__name__ == "ToolResultBlock":
                self._under_way.pop(block.tool_use_id, None)
        self._heard(kind="tool_result")

    def _heard(self, **fields: Any) -> None:
        self.hear(Heard(under_way=len(self._under_way), **fields))

    def _tokens(self, message: Any) -> tuple[int, int]:
        # Each content block arrives as a message of its own with the usage of the whole.
        if message.message_id is None or message.message_id in self._counted:
            return 0, 0
        self._counted.add(message.message_id)
        return tokens(message.usage)

    def _limit(self, info: Any) -> None:
        seen = Limited(
            status=info.status,
            kind=info.rate_limit_type,
            resets_at=info.resets_at,
            utilization=_utilization(info),
        )
        if seen.status == "rejected":
            self.rejected = seen
        self.hear(seen)

    def _system(self, message: Any) -> None:
        if message.subtype == "api_retry":
            data = message.data
            detail = f"{data.get('error')} ({data.get('error_status')}), retry {data.get('attempt')}"
            self._heard(kind="retry", detail=detail)
            return
        self._heard(kind="system", detail=message.subtype)
        if message.subtype == "permission_denied":
            call_id = str(message.data.get("tool_use_id"))
            self.denied(call_id, str(message.data.get("tool_name", "?")), self._under_way.get(call_id, (None, ""))[1])


def _said(problem: Exception) -> str:
    code = getattr(problem, "exit_code", None)
    if isinstance(code, int) and code < 0:
        return f"Claude Code was ended by signal {-code}"
    return f"{type(problem).__name__}: {problem}"


def _result(message: Any) -> Result:
    into, out = tokens(message.usage)
    return Result(
        subtype=message.subtype,
        is_error=message.is_error,
        terminal_reason=message.terminal_reason,
        structured_output=message.structured_output,
        text="; ".join([message.result or "", *(message.errors or [])]).strip("; ")[:500],
        turns=message.num_turns,
        tokens_in=into,
        tokens_out=out,
        denials=tuple(_denial(entry) for entry in message.permission_denials or []),
    )


def _denial(entry: Any) -> str:
    return _called(str(entry.get("tool_name", "?")), subject(entry.get("tool_input") or {}))


def _called(tool: str, about: str) -> str:
    return f"{tool}({about})" if about else tool


def subject(fields: Mapping[str, Any]) -> str:
    """What a tool was called on, in one short line."""
    for name in ("command", "file_path", "pattern", "path"):
        value = fields.get(name)
        if isinstance(value, str) and value:
            return " ".join(value.split())[:200]
    return ""


def tokens(usage: Mapping[str, Any] | None) -> tuple[int, int]:
    """Tokens read (cached or not) and written."""
    counts = usage or {}
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(int(counts.get(name) or 0) for name in read), int(counts.get("output_tokens") or 0)


def _utilization(info: Any) -> float | None:
    """The SDK fills `utilization` only in a warning; the raw event always has it per window."""
    if info.utilization is not None:
        return float(info.utilization)
    window = (info.raw.get("unifiedWindows") or {}).get(info.rate_limit_type or "five_hour") or {}
    value = window.get("utilization")
    return float(value) if isinstance(value, (int, float)) else None
