"""A transcript read aloud: what a person wants to know of each message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forge_loop.cli.transcripts import readable


def aloud(**message: Any) -> list[str]:
    return readable(json.dumps({"role": "worker", **message}))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "text", "text": "hello"}, "says: hello"),
        ({"type": "thinking", "thinking": "hm"}, "thinks: hm"),
        ({"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}, "uses Bash: ls"),
        ({"type": "tool_use", "name": "Edit", "input": {"file_path": "a.py", "old_string": "x"}}, "uses Edit: a.py"),
        ({"type": "tool_use", "name": "X", "input": {"a": 1}}, 'uses X: {"a": 1}'),
        ({"type": "tool_result", "content": "done"}, "gets: done"),
        ({"type": "tool_result", "content": [{"type": "text", "text": "done"}]}, "gets: done"),
        ({"type": "tool_result", "content": "no", "is_error": True}, "is refused: no"),
    ],
)
def test_a_block_is_one_sentence(block: dict[str, Any], said: str) -> None:
    assert aloud(type="assistant", content=[block]) == [f"--:--:-- worker {said}"]


def test_a_long_text_is_cut_and_says_so() -> None:
    lines = aloud(type="prompt", text="\n".join(f"line {number}" for number in range(100)))
    assert lines[0] == "--:--:-- worker is told: line 0"
    assert lines[-1] == "    [...]"
    assert len(lines) == 13


@pytest.mark.parametrize("line", ["not json", "[1]", "3", ""])
def test_a_line_that_is_no_message_is_shown_as_it_is(line: str) -> None:
    assert readable(line) == [line]


@pytest.mark.parametrize("message", [{}, {"content": 3}, {"content": [3]}, {"type": "system", "subtype": "init"}])
def test_what_says_nothing_to_a_person_is_left_out(message: dict[str, Any]) -> None:
    assert aloud(**message) == []
