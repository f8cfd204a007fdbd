"""The print boundary: data apart from talk, nothing that a terminal would act on, people and pipes."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Mapping

import pytest

from forge_loop.cli.output import Output, OutputClosed, columns, cut, escaped, json_text
from support.command_line import Terminal

HOSTILE = "a\x1b[31mred\x07\x9b2J\u202eevil\u200b\u2066\U000e0041\r\x7f"


def make(*, terminal: bool, environ: Mapping[str, str] | None = None) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    return Output(out, err, environ or {}), out, err


def test_what_a_terminal_would_act_on_is_written_as_an_escape() -> None:
    assert escaped(HOSTILE) == "a\\x1b[31mred\\x07\\x9b2J\\u202eevil\\u200b\\u2066\\U000e0041\\x0d\\x7f"


def test_line_ends_tabs_and_every_script_are_left_alone() -> None:
    assert escaped("à\té\n漢字 😀") == "à\té\n漢字 😀"


@pytest.mark.parametrize("terminal", [False, True])
def test_no_way_out_lets_a_control_character_through(terminal: bool) -> None:
    output, out, err = make(terminal=terminal, environ={"NO_COLOR": "1"})
    output.data(HOSTILE)
    output.table(("a", "b"), [(HOSTILE, HOSTILE)])
    output.document({"text": HOSTILE})
    output.say(HOSTILE)
    output.error(HOSTILE, HOSTILE)
    output.problem({"detail": HOSTILE})
    shown = out.getvalue() + err.getvalue()
    assert [c for c in shown if not c.isprintable() and c not in "\n\t"] == []


def test_escaped_json_is_the_same_document() -> None:
    shape = {"text": HOSTILE + "漢😀\udc80", "ascii": "\x7f\x1b"}
    assert json.loads(json_text(shape)) == shape
    assert json.loads(json_text(shape, indent=2)) == shape


def test_a_line_as_it_is_stays_so_in_a_pipe_and_is_escaped_at_a_terminal() -> None:
    output, out, _ = make(terminal=False)
    output.line("x\u202ey")
    assert out.getvalue() == "x\u202ey\n"
    output, out, _ = make(terminal=True)
    output.line("x\u202ey")
    assert out.getvalue() == "x\\u202ey\n"


def test_a_pipe_gets_tab_separated_lines_without_a_heading() -> None:
    output, out, _ = make(terminal=False)
    output.table(("issue", "title"), [("#1", "a\ttitle\nof two lines"), ("#2", None)])
    assert out.getvalue() == "#1\ta title of two lines\n#2\t\n"


def test_a_terminal_gets_aligned_columns_with_a_heading() -> None:
    output, out, _ = make(terminal=True, environ={"NO_COLOR": "1"})
    output.table(("issue", "title"), [("#1", "漢字 and more"), ("#1234", "short")])
    assert out.getvalue().splitlines() == ["issue  title", "#1     漢字 and more", "#1234  short"]


def test_where_the_columns_are_wider_than_the_terminal_each_cell_is_a_line() -> None:
    output, out, _ = make(terminal=True, environ={"NO_COLOR": "1"})
    output.table(("issue", "model", "note"), [("#1", "m" * 90, "n" * 200), ("#2", "m", "")])
    assert out.getvalue().splitlines() == [
        "issue  #1",
        f"model  {'m' * 90}",
        f"note   {'n' * 92}…",
        "",
        "issue  #2",
        "model  m",
    ]


def test_a_long_text_is_cut_in_a_moment() -> None:
    began = time.process_time()
    assert cut("漢" * 200_000, 9) == "漢漢漢漢…"
    assert time.process_time() - began < 2


def test_a_column_as_wide_as_its_characters_are_shown_is_cut_with_an_ellipsis() -> None:
    assert columns("漢a\u0301") == 3
    assert cut("漢字漢字", 5) == "漢字…"
    assert cut("short", 5) == "short"


@pytest.mark.parametrize(
    ("terminal", "environ", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_follows_the_terminal_and_the_variables(terminal: bool, environ: dict[str, str], coloured: bool) -> None:
    output, _, err = make(terminal=terminal, environ=environ)
    output.error("no", "do this")
    assert ("\x1b[" in err.getvalue()) is coloured


@pytest.mark.parametrize(
    ("terminal", "environ", "live"),
    [(True, {}, True), (True, {"CI": "1"}, False), (True, {"TERM": "dumb"}, False), (False, {}, False)],
)
def test_a_view_is_redrawn_only_where_a_person_watches(terminal: bool, environ: dict[str, str], live: bool) -> None:
    assert make(terminal=terminal, environ=environ)[0].is_live is live


def test_a_reader_that_went_away_is_told_apart_from_other_failures() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        output = Output(stream, io.StringIO(), {})
        with pytest.raises(OutputClosed):
            output.data("x")
        output.abandon()
