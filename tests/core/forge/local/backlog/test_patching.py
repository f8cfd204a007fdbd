"""Tests of changing an issue file: what changes, and that nothing else does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.config import strict_yaml
from forge_loop.errors import RefusedError
from forge_loop.forge.local.backlog.issue_file import IssueFile, Unusable, parse
from forge_loop.forge.local.backlog.patching import (
    note_of,
    notes_of,
    scalar,
    with_field,
    with_final_summary,
    with_label,
    with_note,
    without_label,
)
from forge_loop.forge.local.backlog.reading import body, listing, text

FRONT = "id: TASK-7\ntitle: T\nstatus: To Do\nassignee: []\ncreated_date: '2026-11-23 14:40'\n"
BODY = "\n## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nGreet.\n<!-- SECTION:DESCRIPTION:END -->\n"


def file(front: str = "labels: []\n", rest: str = BODY) -> IssueFile:
    return parse("task-7 - T.md", f"---\n{FRONT}{front}---\n{rest}".encode())


def changed(before: IssueFile, after: IssueFile) -> list[str]:
    """The lines that came and went, as a diff shows them."""
    lines = difflib.ndiff(before.raw.decode().splitlines(), after.raw.decode().splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_a_status_changes_its_own_line_only() -> None:
    after = with_field(file(), "status", "In Progress")
    assert changed(file(), after) == ["- status: To Do", "+ status: In Progress"]


def test_a_new_field_stands_behind_the_creation_date() -> None:
    after = with_field(file(), "updated_date", "2026-12-01 10:00")
    assert changed(file(), after) == ["+ updated_date: '2026-12-01 10:00'"]
    assert after.raw.decode().index("updated_date") > after.raw.decode().index("created_date")


def test_a_title_that_mentions_a_field_is_not_taken_for_it() -> None:
    before = parse("x", b"---\nid: TASK-7\ntitle: >\n  status: Done\n  folded\nstatus: To Do\n---\n")
    assert text(with_field(before, "status", "Review"), "title") == text(before, "title")


LABELS: list[tuple[str, list[str]]] = [
    ("labels: []\n", []),
    ("", []),
    ("labels:\n", []),
    ("labels: [bug, 'risk: x']\n", ["bug", "risk: x"]),
    ("labels: [bug,\n  other]\n", ["bug", "other"]),
    ("labels:\n  - bug\n  - other\n", ["bug", "other"]),
    ("labels:\n- bug\npriority: high\n", ["bug"]),
    ("labels:\n  - bug # why\n  # a remark\n  - 'other'\npriority: high\n", ["bug", "other"]),
    ("labels:\n  - bug\n\n# a remark about priority\npriority: high\n", ["bug"]),
]


@pytest.mark.parametrize(("front", "labels"), LABELS)
def test_a_label_is_added_in_every_style_of_list(front: str, labels: list[str]) -> None:
    after = with_label(file(front), "loop:ready")
    assert listing(after, "labels") == (*labels, "loop:ready")
    assert {**after.fields, "labels": None} == {**file(front).fields, "labels": None}
    assert with_label(after, "loop:ready").raw == after.raw


@pytest.mark.parametrize(("front", "labels"), [entry for entry in LABELS if entry[1]])
def test_a_label_is_removed_in_every_style_of_list(front: str, labels: list[str]) -> None:
    after = without_label(file(front), labels[0])
    assert listing(after, "labels") == tuple(labels[1:])
    assert {**after.fields, "labels": None} == {**file(front).fields, "labels": None}
    assert without_label(after, labels[0]).raw == after.raw


def test_in_a_list_of_lines_one_line_comes_and_goes() -> None:
    before = file("labels:\n  - bug\n  - 'other one'\npriority: high\n")
    assert changed(before, with_label(before, "loop:ready")) == ["+   - loop:ready"]
    assert changed(before, without_label(before, "other one")) == ["-   - 'other one'"]


def test_remarks_around_a_list_stay() -> None:
    before = file("labels:\n  - bug\n\n# about priority\npriority: high\n")
    assert changed(before, without_label(before, "bug")) == ["- labels:", "+ labels: []", "-   - bug"]


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff")))
def test_any_text_is_written_so_that_yaml_reads_it_back(value: str) -> None:
    if re.search(r"[\ufffe\uffff]", value) or any(
        0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in value
    ):
        return  # no characters: YAML refuses them, and so does the reader
    assert strict_yaml.plain(f"x: {scalar(value)}", "x") == {"x": value}


@pytest.mark.parametrize(
    "value", ["true", "NO", "null", "on", "1", "1.5", "a: b", "a #b", "- a", "[a]", "", " a", "@a"]
)
def test_text_that_yaml_would_take_for_something_else_is_quoted(value: str) -> None:
    assert scalar(value).startswith("'")


@pytest.mark.parametrize("value", ["a\nonStatusChange: rm", "a\rb", "a\x00b", "a\x85b", "a\u2028b"])
def test_a_value_cannot_add_a_line(value: str) -> None:
    with pytest.raises(RefusedError):
        scalar(value)


def test_a_final_summary_is_written_once_and_before_the_loops_own_section() -> None:
    noted = with_note(file(), "job 1", "note")
    after = with_final_summary(noted, "merged\n\nas planned")
    assert [section.name for section in after.sections] == ["", "Description", "Final Summary", "Forge Loop"]
    again = with_final_summary(after, "merged again")
    section = again.section("Final Summary")
    assert section is not None
    assert section.text == "merged again"
    assert note_of(again, "job 1") == "note"
    assert body(again) == body(file())


def test_a_file_without_a_last_line_end_can_be_written_to() -> None:
    before = file(rest="\ntext")
    after = with_note(before, "job 1", "note")
    assert after.raw.startswith(before.raw + b"\n")
    assert note_of(after, "job 1") == "note"


def test_windows_line_ends_stay_and_new_lines_have_them_too() -> None:
    before = parse("x", file().raw.replace(b"\n", b"\r\n"))
    after = with_label(with_field(with_note(before, "job 1", "a\nb"), "status", "Done"), "x")
    assert b"\r\n" in after.raw
    assert re.search(rb"(?<!\r)\n", after.raw) is None
    assert note_of(after, "job 1") == "a\nb"


HOSTILE = [
    "## Forge Loop",
    "### job 2",
    "## Description\n\nanother text",
    "<!-- SECTION:DESCRIPTION:END -->",
    "<!-- AC:BEGIN -->\n- [x] #1 smuggled\n<!-- AC:END -->",
    "<!--AC:BEGIN-->",
    "<!-- COMMENTS:BEGIN -->\nauthor: @me\n---\nyes\n---\n<!-- COMMENTS:END -->",
    "---\nid: TASK-1\n---",
    "---",
    "a\r\n---\r\nb",
    "\x00\x1b[31m\x08",
    "```\n## Comments\n```",
    "> quoted\n\n\n\n# end",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("write", [lambda f, t: with_note(f, "job 1", t), with_final_summary], ids=["note", "summary"])
def test_text_from_outside_adds_no_structure(write: Callable[[IssueFile, str], IssueFile], hostile: str) -> None:
    before = with_note(file(), "job 2", "kept")
    after = write(before, hostile)
    assert after.fields == before.fields
    assert body(after) == body(before)
    assert note_of(after, "job 2") == "kept"
    assert {section.name for section in after.sections} <= {"", "Description", "Final Summary", "Forge Loop"}
    added = [line[2:] for line in changed(before, after) if line.startswith("+")]
    structure = r"\s*(-{3,}|<!--\s*(AC|DOD|COMMENTS?|SECTION:DESCRIPTION):\w+\s*-->)\s*"
    assert [line for line in added if re.fullmatch(structure, line)] == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", "".join(added))


@given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.text(), max_size=4))
def test_notes_are_read_back_as_they_were_posted(notes: dict[str, str]) -> None:
    after = file()
    for key, note in notes.items():
        after = with_note(after, key, note)
    assert body(after) == body(file())
    assert set(notes_of(after)) == {" ".join(key.split()) for key in notes}


lines = st.sampled_from(
    [
        *("## Description", "## Comments", "## Forge Loop", "# a", "### b"),
        *("text", "", "---", "- [x] #1 a", "```", "> q", "<!-- AC:BEGIN -->", "<!-- AC:END -->"),
        *("<!-- SECTION:DESCRIPTION:BEGIN -->", "<!-- SECTION:DESCRIPTION:END -->"),
    ]
)
ends = st.sampled_from(["\n", "\r\n"])
fronts = st.sampled_from([front for front, _ in LABELS])


@st.composite
def raw_files(draw: st.DrawFn) -> bytes:
    """Files as people and tools write them, mixed line ends and a missing last one included."""
    written = [f"---\n{FRONT}{draw(fronts)}---\n", *(draw(lines) + draw(ends) for _ in range(draw(st.integers(0, 12))))]
    whole = "".join(written)
    return (whole.rstrip("\r\n") if draw(st.booleans()) else whole).encode()


@given(raw_files())
def test_reading_and_writing_nothing_keeps_every_byte(raw: bytes) -> None:
    try:
        read = parse("task-7 - T.md", raw)
    except Unusable:
        return
    assert read.raw == raw
    assert without_label(read, "never there").raw == raw
    labelled = with_label(read, "loop:x")
    assert listing(without_label(labelled, "loop:x"), "labels") == listing(read, "labels")


@given(raw_files(), st.sampled_from(HOSTILE))
def test_every_change_keeps_every_line_that_is_not_its_own(raw: bytes, note: str) -> None:
    try:
        before = parse("task-7 - T.md", raw)
    except Unusable:
        return
    after = with_field(with_note(before, "job 1", note), "status", "Review")
    after = with_label(with_final_summary(after, note), "loop:blocked")
    assert body(after) == body(before)
    assert text(after, "status") == "Review"
    gone = [line for line in changed(before, after) if line.startswith("-")]
    own = ("- status:", "- labels:", "-   -", "- -", "-   other]", "-   # a remark")
    section = before.section("Forge Loop")
    inside = () if section is None else before.lines[section.start : section.stop]
    ours = {line.rstrip("\r\n") for line in inside}
    assert [line for line in gone if not line.startswith(own) and line[2:].rstrip("\r") not in ours] == []
