"""Changing an issue file by its lines.

Owns: the only changes the loop makes: status, updated_date, labels, the final summary, the loop's own section. Must
not: rewrite any other byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from forge_loop.config import strict_yaml
from forge_loop.errors import RefusedError
from forge_loop.forge.local.backlog.issue_file import IssueFile
from forge_loop.forge.local.backlog.reading import FINAL_SUMMARY, FORGE_LOOP, listing
from forge_loop.forge.local.backlog.sections import harmless

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./:@ -]*[A-Za-z0-9]|[A-Za-z]")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_KEY = re.compile(r"([A-Za-z_][^:\s]*)[ \t]*:(?:\s|$)")
_ITEM = re.compile(r"[ \t]*- ")


def scalar(value: str) -> str:
    """A value as every YAML reader takes it for text. Raises RefusedError for control characters."""
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", value):
        raise RefusedError(f"{value!r} holds control characters")
    if _PLAIN.fullmatch(value) and ": " not in value and value.casefold() not in _WORDS_OF_YAML:
        return value
    return "'" + value.replace("'", "''") + "'"


def stamp(moment: datetime) -> str:
    """A moment as the format writes it: minutes, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def with_field(file: IssueFile, name: str, value: str, *, after: str = "created_date") -> IssueFile:
    """The file with one scalar field set; a new one stands behind the field `after`."""
    line = f"{name}: {scalar(value)}"
    place = _place(file, name)
    if place is not None:
        return file.replaced(*place, [line])
    behind = _place(file, after)
    at = behind[1] if behind is not None else file.close
    return file.replaced(at, at, [line])


def with_label(file: IssueFile, label: str) -> IssueFile:
    held = listing(file, "labels") or ()
    if label in held:
        return file
    place = _place(file, "labels")
    if place is not None and place[1] > place[0] + 1 and _is_block(file, place):
        indent = (_ITEM.match(file.lines[place[1] - 1]) or [""])[0]
        return file.replaced(place[1], place[1], [f"{indent}{scalar(label)}"])
    return _with_labels(file, place, (*held, label))


def without_label(file: IssueFile, label: str) -> IssueFile:
    held = listing(file, "labels") or ()
    if label not in held:
        return file
    place = _place(file, "labels")
    left = tuple(entry for entry in held if entry != label)
    if place is None or not left or not _is_block(file, place):
        return _with_labels(file, place, left)
    kept = [line.rstrip("\r\n") for line in file.lines[place[0] : place[1]] if not _is_item(line, label)]
    return file.replaced(*place, kept)


def with_final_summary(file: IssueFile, text: str) -> IssueFile:
    """The file with its final summary written or replaced; it stands before the loop's own section."""
    marker = "<!-- SECTION:FINAL_SUMMARY:{} -->"
    lines = [marker.format("BEGIN"), *harmless(text).strip("\n").split("\n"), marker.format("END")]
    return _with_section(file, FINAL_SUMMARY, lines, before=FORGE_LOOP)


def with_note(file: IssueFile, key: str, text: str) -> IssueFile:
    """The file with the loop's note for `key` written or replaced.

    Every line of a note is a quotation, so nothing in it can be a heading, a marker or a rule of the file's own.
    """
    notes = {**notes_of(file), _one_line(key): harmless(text).strip("\n")}
    lines: list[str] = []
    for name, note in notes.items():
        lines += [f"### {name}", "", *(f"> {line}".rstrip() for line in note.split("\n")), ""]
    return _with_section(file, FORGE_LOOP, lines[:-1])


def note_of(file: IssueFile, key: str) -> str | None:
    return notes_of(file).get(_one_line(key))


def notes_of(file: IssueFile) -> dict[str, str]:
    section = file.section(FORGE_LOOP)
    found: dict[str, list[str]] = {}
    for line in () if section is None else section.text.split("\n"):
        if line.startswith("### "):
            found[line.removeprefix("### ").strip()] = []
        elif line.startswith(">") and found:
            found[next(reversed(found))].append(line.removeprefix(">").removeprefix(" "))
    return {key: "\n".join(lines) for key, lines in found.items()}


def _one_line(key: str) -> str:
    return " ".join(key.split())


def _place(file: IssueFile, name: str) -> tuple[int, int] | None:
    """The lines of a field: from its key to the next key."""
    starts = [(index, key[1]) for index, key in enumerate(map(_KEY.match, file.lines[: file.close])) if key]
    for (index, key), after in zip(starts, (*(start for start, _ in starts[1:]), file.close), strict=True):
        if key == name:
            return index, _without_trailing_remarks(file, index, after)
    return None


def _without_trailing_remarks(file: IssueFile, start: int, stop: int) -> int:
    """Blank and comment lines before the next key belong to nobody's field and stay."""
    while stop > start + 1 and file.lines[stop - 1].lstrip()[:1] in ("", "#"):
        stop -= 1
    return stop


def _is_block(file: IssueFile, place: tuple[int, int]) -> bool:
    """Whether a list is written one plain item a line, so that single lines can come and go."""
    return all(_ITEM.match(line) for line in file.lines[place[0] + 1 : place[1]]) and place[1] > place[0] + 1


def _is_item(line: str, label: str) -> bool:
    return _ITEM.match(line) is not None and strict_yaml.plain(line, "labels") == [label]


def _with_labels(file: IssueFile, place: tuple[int, int] | None, labels: Sequence[str]) -> IssueFile:
    lines = ["labels:", *(f"  - {scalar(label)}" for label in labels)] if labels else ["labels: []"]
    start, stop = place or (file.close, file.close)
    return file.replaced(start, stop, lines)


def _with_section(file: IssueFile, name: str, lines: Sequence[str], *, before: str | None = None) -> IssueFile:
    section, follower = file.section(name), None if before is None else file.section(before)
    if section is not None:
        last = section.stop == len(file.lines)
        return file.replaced(section.start, section.stop, [f"## {name}", "", *lines, *([] if last else [""])])
    if follower is not None:
        return file.replaced(follower.start, follower.start, [f"## {name}", "", *lines, ""])
    end = len(file.lines)
    gap = [] if not file.lines[-1].strip() else [""]
    return file.replaced(end, end, [*gap, f"## {name}", "", *lines])
