from __future__ import annotations

import json
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from forge_loop.agents.transcript import LONGEST_TEXT, Transcript
from support.sessions import order


@dataclass
class TextBlock:
    text: str


@dataclass
class ToolUseBlock:
    id: str
    name: str
    input: dict[str, Any]


@dataclass
class AssistantMessage:
    content: list[Any]
    model: str
    error: str | None = None


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_message_is_one_line_with_typed_blocks(tmp_path: Path) -> None:
    placed = order(tmp_path)
    transcript = Transcript(placed)
    blocks = [TextBlock("one\ntwo"), ToolUseBlock("t1", "Bash", {"command": "make"})]
    transcript.message(AssistantMessage(blocks, "m"))
    prompt, said = lines(placed.transcript)
    assert (prompt["type"], prompt["text"]) == ("prompt", placed.prompt)
    assert (said["type"], said["session"], said["role"]) == ("assistant", placed.id, "worker")
    assert said["content"] == [
        {"type": "text", "text": "one\ntwo"},
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "make"}},
    ]
    assert "error" not in said


def test_a_later_session_appends(tmp_path: Path) -> None:
    placed = order(tmp_path)
    Transcript(placed)
    Transcript(replace(placed, resume=True, prompt="more"))
    assert [line["text"] for line in lines(placed.transcript)] == [placed.prompt, "more"]
    assert stat.S_IMODE(placed.transcript.stat().st_mode) == 0o600


def test_a_huge_text_is_cut_and_says_so(tmp_path: Path) -> None:
    placed = order(tmp_path)
    Transcript(placed).message(AssistantMessage([TextBlock("x" * (LONGEST_TEXT + 7))], "m"))
    text = lines(placed.transcript)[-1]["content"][0]["text"]
    assert text.endswith("[7 characters left out]")


def test_a_transcript_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = replace(order(tmp_path), transcript=tmp_path / "absent" / "t.jsonl")
    transcript = Transcript(placed)
    transcript.message(AssistantMessage([], "m"))
    assert capsys.readouterr().err.count("the transcript cannot be written") == 1


def test_a_link_in_the_transcripts_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("")
    placed = order(tmp_path)
    placed.transcript.symlink_to(target)
    Transcript(placed)
    assert target.read_text() == ""
