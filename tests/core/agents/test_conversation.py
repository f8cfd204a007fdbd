"""The SDK's messages are told apart by their type's name, so these stand-ins have the SDK's names and fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_loop.agents.conversation import Conversation, subject, tokens
from forge_loop.agents.frames import Frame, Heard, Limited
from forge_loop.domain.session import SessionOutcome
from support.sessions import order


@dataclass
class ToolUseBlock:
    name: str
    input: dict[str, Any]
    id: str = "t"


@dataclass
class AssistantMessage:
    content: list[Any] = field(default_factory=list)
    error: str | None = None
    usage: dict[str, Any] | None = None
    message_id: str | None = None


@dataclass
class ToolResultBlock:
    tool_use_id: str


@dataclass
class UserMessage:
    content: list[Any] | str = ""


@dataclass
class StreamEvent:
    event: dict[str, Any]


@dataclass
class SystemMessage:
    subtype: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class RateLimitInfo:
    status: str
    resets_at: int | None = None
    rate_limit_type: str | None = None
    utilization: float | None = None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass
class RateLimitEvent:
    rate_limit_info: RateLimitInfo


@dataclass
class NewsFromTheFutureMessage:
    what: str = "?"


def conversation(tmp_path: Path) -> tuple[Conversation, list[Frame]]:
    heard: list[Frame] = []
    return Conversation(order=order(tmp_path), hear=heard.append), heard


def test_a_message_in_several_parts_is_counted_once(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    usage = {"input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 4, "output_tokens": 8}
    for _ in range(2):
        talk.took(AssistantMessage(usage=usage, message_id="m1"))
    assert heard == [Heard(kind="assistant", tokens_in=7, tokens_out=8), Heard(kind="assistant")]


def test_a_call_names_its_tool_and_its_subject(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    talk.took(AssistantMessage(content=[ToolUseBlock("Bash", {"command": "make\n  test"})]))
    assert heard[-1] == Heard(kind="tool", tool="Bash", detail="make test", under_way=1)


def test_calls_are_under_way_until_each_has_its_answer(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    calls = [ToolUseBlock("Bash", {"command": name}, id=name) for name in ("a", "b")]
    for call in calls:
        talk.took(AssistantMessage(content=[call], message_id="m1"))
    assert heard[-1] == Heard(kind="tool", tool="Bash", detail="b", under_way=2)
    talk.took(UserMessage(content=[ToolResultBlock("a")]))
    assert heard[-1] == Heard(kind="tool_result", under_way=1)
    talk.took(UserMessage(content="words"))
    assert heard[-1] == Heard(kind="tool_result", under_way=1)
    talk.took(UserMessage(content=[ToolResultBlock("b")]))
    assert heard[-1] == Heard(kind="tool_result")


def test_a_call_of_a_message_that_was_dropped_is_not_waited_for(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    talk.took(AssistantMessage(content=[ToolUseBlock("Bash", {}, id="lost")], message_id="m1"))
    talk.took(AssistantMessage(message_id="m2"))
    assert heard[-1] == Heard(kind="assistant")


def deny(talk: Conversation, number: int) -> None:
    name = f"t{number}"
    talk.took(AssistantMessage(content=[ToolUseBlock("Read", {"file_path": f"/etc/{name}"}, id=name)]))
    talk.took(SystemMessage("permission_denied", {"tool_name": "Read", "tool_use_id": name}))


def test_a_worker_denied_for_the_fifth_time_is_ended_and_the_calls_are_named(tmp_path: Path) -> None:
    reasons: list[str] = []
    talk = Conversation(order=order(tmp_path), hear=lambda _: None, end=reasons.append)
    for number in range(4):
        deny(talk, number)
        talk.denied(f"t{number}", "Read", "told twice")
    assert reasons == []
    talk.denied("guard", "Write", "/etc/passwd")
    assert len(reasons) == 1
    assert "denied permission 5 times: Read(/etc/t0), " in reasons[0]
    finished = talk.finished(reasons[0])
    assert (finished.outcome, finished.detail) == (SessionOutcome.DENIED, reasons[0])


def test_a_reader_may_be_denied_as_often_as_it_asks(tmp_path: Path) -> None:
    reasons: list[str] = []
    talk = Conversation(order=order(tmp_path, writes=False), hear=lambda _: None, end=reasons.append)
    for number in range(9):
        deny(talk, number)
    assert reasons == []
    assert talk.finished("").outcome is SessionOutcome.LOST


def test_a_stream_of_pieces_is_one_sign_of_life_and_a_ping_is_none(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    talk.took(StreamEvent({"type": "ping"}))
    assert heard == []
    for _ in range(100):
        talk.took(StreamEvent({"type": "content_block_delta"}))
    assert heard == [Heard(kind="assistant")]


def test_a_retry_is_told_from_other_system_messages(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    talk.took(SystemMessage("init"))
    talk.took(SystemMessage("api_retry", {"error": "overloaded", "error_status": 529, "attempt": 1}))
    assert heard == [
        Heard(kind="system", detail="init"),
        Heard(kind="retry", detail="overloaded (529), retry 1"),
    ]


def test_a_limit_is_heard_with_the_utilization_of_its_window(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    windows = {"unifiedWindows": {"seven_day": {"utilization": 0.4}, "five_hour": {"utilization": 0.9}}}
    talk.took(RateLimitEvent(RateLimitInfo("allowed", rate_limit_type="seven_day", raw=windows)))
    assert heard == [Limited(status="allowed", kind="seven_day", utilization=0.4)]
    assert talk.rejected is None


def test_a_refused_limit_is_remembered(tmp_path: Path) -> None:
    talk, _ = conversation(tmp_path)
    talk.took(RateLimitEvent(RateLimitInfo("rejected", resets_at=9, rate_limit_type="five_hour")))
    talk.took(RateLimitEvent(RateLimitInfo("allowed")))
    assert talk.rejected == Limited(status="rejected", kind="five_hour", resets_at=9)


def test_a_kind_of_message_that_is_not_known_breaks_nothing(tmp_path: Path) -> None:
    talk, heard = conversation(tmp_path)
    talk.took(NewsFromTheFutureMessage())
    assert heard == []


def test_a_client_that_breaks_before_the_first_message_was_set_up_wrongly(tmp_path: Path) -> None:
    talk, _ = conversation(tmp_path)
    talk.complained("cannot be used with root privileges\n")
    finished = talk.broken(RuntimeError("exit code 1"), "")
    assert finished.outcome is SessionOutcome.CONFIGURATION
    assert finished.detail == "cannot be used with root privileges"


def test_a_client_that_breaks_later_lost_the_session_unless_the_loop_ended_it(tmp_path: Path) -> None:
    talk, _ = conversation(tmp_path)
    talk.took(SystemMessage("init"))
    assert talk.broken(RuntimeError("gone"), "").outcome is SessionOutcome.LOST
    assert talk.broken(RuntimeError("gone"), "the watchdog").outcome is SessionOutcome.STOPPED


def test_a_client_whose_process_was_killed_says_by_which_signal(tmp_path: Path) -> None:
    talk, _ = conversation(tmp_path)
    talk.took(SystemMessage("init"))
    killed = RuntimeError("Command failed\nError output: Check stderr output for details")
    killed.exit_code = -9  # type: ignore[attr-defined]
    assert talk.broken(killed, "").detail == "Claude Code was ended by signal 9"


def test_a_subject_is_one_short_line() -> None:
    assert subject({"file_path": "/a/b", "content": "x"}) == "/a/b"
    assert subject({"command": "x" * 999}) == "x" * 200
    assert subject({"command": 7}) == ""


def test_tokens_that_were_not_told_are_none() -> None:
    assert tokens(None) == (0, 0)
    assert tokens({"input_tokens": None, "output_tokens": 2}) == (0, 2)
