from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.agents.frames import (
    Finished,
    Frame,
    Heard,
    Limited,
    Started,
    decode,
    decode_order,
    encode,
    encode_order,
)
from forge_loop.agents.sandbox import ConfinedSession
from forge_loop.agents.sandbox.upstream import Upstream
from forge_loop.domain.session import SessionOutcome
from support.sessions import order

FRAMES = [
    Started(session="s"),
    Heard(kind="tool", tool="Bash", detail="make\n\u2028test", tokens_in=3, tokens_out=4),
    Limited(status="rejected", kind="five_hour", resets_at=2e9, utilization=1.0),
    Finished(
        outcome=SessionOutcome.DONE, report={"a": [1, None]}, turns=2, tokens_in=1, tokens_out=2, denials=("Bash(rm)",)
    ),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    line = encode(frame)
    assert line.count(b"\n") == 1
    assert decode(line) == frame


def test_a_frame_of_a_later_version_is_ignored() -> None:
    assert decode(b'{"frame": "thought", "text": "hm"}') is None


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert decode(b'{"frame": "started", "session": "s", "new": 1}') == Started(session="s")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"not json",
        b'{"frame": 1}',
        b'{"frame": ["started"]}',
        b'{"frame": "started"}',
        b'{"frame": "started", "session": 1}',
        b'{"frame": "activity", "kind": null}',
        b'{"frame": "activity", "kind": "tool", "tokens_in": "1"}',
        b'{"frame": "activity", "kind": "tool", "tokens_in": true}',
        b'{"frame": "finished", "outcome": "splendid"}',
        b'{"frame": "finished", "outcome": "done", "report": [1]}',
        b'{"frame": "finished", "outcome": "done", "denials": [1]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_malformed_line_is_no_frame(line: bytes) -> None:
    assert decode(line) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(line: bytes) -> None:
    decode(line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(
    st.sampled_from(["started", "activity", "limit", "finished"]),
    st.dictionaries(st.sampled_from(["session", "kind", "tokens_in", "outcome", "report", "denials"]), json_values),
)
def test_no_fields_break_the_reader(name: str, fields: dict[str, object]) -> None:
    decode(json.dumps({"frame": name, **fields}).encode())


def test_an_order_comes_back_as_it_was(tmp_path: Path) -> None:
    placed = order(tmp_path, prompt="line one\nline two \u2028 \x00 é")
    line = encode_order(placed)
    assert line.count(b"\n") == 1
    assert decode_order(line) == (placed, None)


def test_what_a_confined_sessions_host_needs_comes_with_its_order(tmp_path: Path) -> None:
    upstream = Upstream(url="https://model.example", header="x-api-key", secret="s", proxy="http://proxy.example:1")
    confined = ConfinedSession(cli=tmp_path / "claude", socket=tmp_path / "api" / "api.sock", upstream=upstream)
    placed = order(tmp_path)
    assert decode_order(encode_order(placed, confined)) == (placed, confined)
