"""Tests of reading issue files: the mapping, and every trap of the format that reading must see through."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forge_loop.domain.issue import Issue
from forge_loop.forge.local.backlog.issue_file import MOST_BYTES, Unusable, parse
from forge_loop.forge.local.backlog.reading import as_issue

WRITTEN = datetime(2026, 2, 1, tzinfo=UTC)

WHOLE = """\
---
id: TASK-7
title: Add a greeting
status: In Progress
assignee:
  - '@me'
created_date: '2026-11-23 14:40'
updated_date: '2026-11-24 09:00'
labels:
  - loop:ready
  - bug
dependencies:
  - TASK-3
  - task-4
priority: high
ordinal: 1000
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
Greet people.

---

## Not a section

It stands inside the markers.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [ ] #1 it says hello
- [x] #2 twice
<!-- AC:END -->

## Definition of Done
<!-- DOD:BEGIN -->
- [ ] #1 lint passes
<!-- DOD:END -->

## Implementation Plan

<!-- SECTION:PLAN:BEGIN -->
the plan
<!-- SECTION:PLAN:END -->

## Implementation Notes

<!-- SECTION:NOTES:BEGIN -->
the notes
<!-- SECTION:NOTES:END -->

## Comments

<!-- COMMENTS:BEGIN -->
author: @x
created: 2026-11-24 09:00
---
a comment
---
<!-- COMMENTS:END -->

## Final Summary

<!-- SECTION:FINAL_SUMMARY:BEGIN -->
the summary
<!-- SECTION:FINAL_SUMMARY:END -->

## Forge Loop

### job 1

> the note
"""


def issue(text: str, number: int = 7) -> Issue:
    return as_issue(parse(f"task-{number} - X.md", text.encode()), number, archived=False, written_at=WRITTEN)


def small(front: str = "", body: str = "text\n") -> Issue:
    return issue(f"---\nid: TASK-7\ntitle: T\ncreated_date: '2026-11-23 14:40'\n{front}---\n{body}")


def test_the_fields_of_a_whole_file_are_mapped() -> None:
    found = issue(WHOLE)
    assert (found.number, found.title, found.open, found.priority) == (7, "Add a greeting", True, 1)
    assert found.labels == {"loop:ready", "bug"}
    assert found.blocked_by == (3, 4)
    assert found.created_at == datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
    assert found.key == "TASK-7 2026-11-23 14:40"
    assert (found.edited_at, found.problem) == (None, None)


def test_the_body_is_what_was_asked_for_without_markers_and_without_what_was_written_about_it() -> None:
    assert issue(WHOLE).body == (
        "## Description\n\nGreet people.\n\n---\n\n## Not a section\n\nIt stands inside the markers.\n\n"
        "## Acceptance Criteria\n\n- [ ] it says hello\n- [ ] twice\n"
    )


def test_ticks_and_numbers_of_criteria_do_not_change_the_text() -> None:
    ticked = WHOLE.replace("- [ ] #1 it", "- [x] #4 it")
    assert ticked != WHOLE
    assert issue(ticked).sha256 == issue(WHOLE).sha256


def test_everything_else_that_a_person_writes_is_part_of_the_text() -> None:
    body = "before any heading\n\n## Description\nwithout markers\n\n## Test matrix\n\n- one\n\n### Deeper\n\ntwo\n"
    assert small(body=body).body == (
        "before any heading\n\n## Description\n\nwithout markers\n\n## Test matrix\n\n- one\n\n### Deeper\n\ntwo\n"
    )


def test_a_closing_marker_inside_a_description_hides_nothing_and_adds_no_criterion_unseen() -> None:
    body = (
        "## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nfair\n<!-- SECTION:DESCRIPTION:END -->\n\n"
        "<!-- AC:BEGIN -->\n- [x] #1 smuggled\n<!-- AC:END -->\n<!-- SECTION:DESCRIPTION:END -->\n"
    )
    assert "smuggled" in small(body=body).body


@pytest.mark.parametrize(("status", "open_"), [("To Do", True), ("Review", True), ("done", False), ("Odd", True)])
def test_only_done_is_closed(status: str, open_: bool) -> None:
    assert small(f"status: {status}\n").open is open_


@pytest.mark.parametrize(
    ("written", "priority"), [("high", 1), ("Medium", 2), ("low", 3), ("urgent", 2), ("''", 2), ("3", 2)]
)
def test_priorities_are_mapped_and_unknown_ones_are_ordinary(written: str, priority: int) -> None:
    assert small(f"priority: {written}\n").priority == priority


@pytest.mark.parametrize("date", ["'2026-11-23 14:40'", "2026-11-23 14:40", "2026-11-23", "'2026-11-23 14:40:59'"])
def test_dates_are_read_in_every_form_that_the_format_has(date: str) -> None:
    text = f"---\nid: TASK-7\ntitle: T\ncreated_date: {date}\n---\n"
    assert issue(text).created_at.date().isoformat() == "2026-11-23"
    assert issue(text).problem is None


def test_an_id_that_is_given_again_has_another_key() -> None:
    again = issue(WHOLE.replace("2026-11-23 14:40", "2026-12-01 08:00"))
    assert again.number == issue(WHOLE).number
    assert again.key != issue(WHOLE).key


def test_a_lower_case_id_is_the_same_id() -> None:
    assert issue(WHOLE.replace("id: TASK-7", "id: task-7")).key == issue(WHOLE).key


@pytest.mark.parametrize(
    ("written", "title"),
    [
        *((same, same) for same in ("no", "22:00", "010", "2026-01-01", "true", "7", "Größe – ✓")),
        ("'It''s \"so\": #1'", 'It\'s "so": #1'),
    ],
)
def test_titles_are_text_whatever_yaml_makes_of_them(written: str, title: str) -> None:
    assert issue(WHOLE.replace("title: Add a greeting", f"title: {written}")).title == title


@pytest.mark.parametrize(
    ("front", "what"),
    [
        ("labels: loop:ready\n", "labels must be a YAML list"),
        ("dependencies: TASK-1\n", "dependencies must be a YAML list"),
        ("dependencies: [TASK-7.1]\n", "'TASK-7.1', which the loop cannot follow"),
        ("onStatusChange: 'rm -rf ~'\n", "holds onStatusChange, a shell command"),
    ],
)
def test_a_file_that_would_mislead_has_a_problem_and_is_still_shown(front: str, what: str) -> None:
    found = small(front)
    assert found.problem is not None
    assert what in found.problem
    assert found.title == "T"


def test_every_problem_is_named_at_once() -> None:
    text = "---\nid: TASK-8\ntitle: ' '\ncreated_date: yesterday\n---\n"
    problem = issue(text).problem
    assert problem is not None
    assert len(problem.split("; ")) == 3
    assert issue(text).created_at == WRITTEN


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "no frontmatter"),
        (b"# A heading\n", "no frontmatter"),
        (b"---\nid: TASK-7\n", "never closed"),
        (b"---\nid: TASK-7\ntitle: a: b\n---\n", "task-7 - X.md:3:9"),
        (b"---\nid: TASK-7\nid: TASK-8\n---\n", "task-7 - X.md:3:1"),
        (b"---\na: &x 1\nb: *x\n---\n", "aliases are not read"),
        (b"---\n- one\n---\n", "not a mapping"),
        (b"---\nid: TASK-7\n---\n\xff\n", "not UTF-8 at byte 19"),
        (b"---\nid: TASK-7\n---\n<!-- AC:BEGIN -->\n- [ ] #1 x\n", "AC:BEGIN is never closed"),
        (b"---\nid: TASK-7\n---\n" + b"x" * MOST_BYTES, "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(raw: bytes, what: str) -> None:
    with pytest.raises(Unusable) as caught:
        parse("task-7 - X.md", raw)
    assert what in str(caught.value)


def test_windows_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    assert issue("\ufeff" + WHOLE.replace("\n", "\r\n")).text == issue(WHOLE).text
