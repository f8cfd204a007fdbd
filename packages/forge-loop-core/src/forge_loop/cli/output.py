"""The one print boundary: everything the command line shows goes through here.

Owns: stdout for data and stderr for the rest, escaping what a terminal would act on, tables for people and plain lines
for pipes, colour. Must not: know what it prints.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

import click

from forge_loop.errors import ForgeLoopError

# Control and format characters (bidi, zero-width, tags), lone surrogates, line and paragraph separators.
_ACTED_ON = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
NARROWEST = 20


class OutputClosed(Exception):
    """Whoever read stdout is gone, as with `| head`."""


def escaped(text: str, *, keep: str = "\n\t") -> str:
    """The text with every character that a terminal acts on, or does not show, written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if _is_acted_on(character, keep) else character for character in text)


def one_line(text: str) -> str:
    """The text escaped and on one line, for a cell or a field."""
    return escaped(" ".join(text.split()), keep="")


def _is_acted_on(character: str, keep: str) -> bool:
    return character not in keep and unicodedata.category(character) in _ACTED_ON


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def json_text(shape: object, *, indent: int | None = None) -> str:
    """JSON in which what a terminal acts on is written as JSON's own escapes: another spelling of the same document."""
    text = json.dumps(shape, ensure_ascii=False, indent=indent, default=str)
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return "".join(
        json.dumps(character)[1:-1] if _is_acted_on(character, "\n") else character for character in text
    ).replace("\x7f", "\\u007f")


class Output:
    """Two streams and what they can show."""

    def __init__(self, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str]) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._environ = environ
        for stream in (stdout, stderr):
            # A character that the encoding does not have is shown escaped and never ends a command.
            with suppress(AttributeError, ValueError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]

    @property
    def is_terminal(self) -> bool:
        """stdout is a terminal: tables instead of tab-separated lines."""
        return self._stdout.isatty()

    @property
    def is_live(self) -> bool:
        """A view may be redrawn in place."""
        return self.is_terminal and self._environ.get("TERM") != "dumb" and not self._environ.get("CI")

    @property
    def width(self) -> int:
        with suppress(OSError, ValueError, AttributeError):
            return max(NARROWEST, os.get_terminal_size(self._stdout.fileno()).columns)
        return 100

    def data(self, text: str = "", **style: Any) -> None:
        """One line, or several, of what was asked for."""
        self._write(self._styled(escaped(text), self._stdout, style) + "\n")

    def line(self, text: str) -> None:
        """A line of data as it is, unless a person at a terminal would see it."""
        self._write((escaped(text) if self.is_terminal else text) + "\n")

    def document(self, shape: Mapping[str, object]) -> None:
        """The JSON answer of a command, with its schema version."""
        self._write(json_text({"schema_version": 1, **shape}, indent=2 if self.is_terminal else None) + "\n")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Aligned columns on a terminal, the last one cut to its width, or a line for each cell where the columns are
        wider than it; tab-separated lines without a heading in a pipe."""
        cells = [[one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
        if not self.is_terminal:
            for row in cells:
                self._write("\t".join(row) + "\n")
            return
        widths = [max(columns(row[index]) for row in [list(headings), *cells]) for index in range(len(headings))]
        if sum(widths[:-1]) + 2 * len(widths[:-1]) + NARROWEST > max(self.width, 2 * NARROWEST):
            self._write("\n\n".join("\n".join(_upright(headings, row, self.width)) for row in cells) + "\n")
            return
        self._write(self._styled(_aligned(headings, widths, self.width), self._stdout, {"bold": True}) + "\n")
        for row in cells:
            self._write(_aligned(row, widths, self.width) + "\n")

    def say(self, text: str, **style: Any) -> None:
        """A line for the person at the terminal: progress, explanations."""
        self._tell(self._styled(escaped(text), self._stderr, style) + "\n")

    def error(self, message: str, hint: str = "") -> None:
        """What happened and what to do, in two lines."""
        self._tell(self._styled("error:", self._stderr, {"fg": "red", "bold": True}) + f" {escaped(message)}\n")
        if hint:
            self._tell(self._styled("hint:", self._stderr, {"fg": "cyan"}) + f" {escaped(hint)}\n")

    def problem(self, shape: Mapping[str, object]) -> None:
        """An RFC 9457 problem object."""
        self._tell(json_text(shape) + "\n")

    def flush(self) -> None:
        self._write("")
        with suppress(OSError):
            self._stderr.flush()

    def abandon(self) -> None:
        """Nobody reads stdout any more; let the interpreter's own last flush go nowhere."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stdout.fileno())
            os.close(nowhere)

    def _write(self, text: str) -> None:
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None
        except OSError as error:
            why = f"what was asked for could not be written: {error.strerror}"
            raise ForgeLoopError(why, hint="make room there, or write it elsewhere") from None

    def _tell(self, text: str) -> None:
        with suppress(OSError):  # nobody is left to be told
            self._stderr.write(text)
            self._stderr.flush()

    def _styled(self, text: str, stream: TextIO, style: Mapping[str, Any]) -> str:
        return click.style(text, **style) if style and self._colours(stream) else text

    def _colours(self, stream: TextIO) -> bool:
        if self._environ.get("NO_COLOR"):
            return False
        if self._environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self._environ.get("TERM") != "dumb"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _aligned(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    padded = [cell + " " * (room - columns(cell)) for cell, room in zip(cells[:-1], widths[:-1], strict=True)]
    left = sum(widths[:-1]) + 2 * len(padded)
    return "  ".join([*padded, cut(cells[-1], max(NARROWEST, width - left))]).rstrip()


def _upright(headings: Sequence[str], cells: Sequence[str], width: int) -> list[str]:
    """A row as lines, what is empty left out."""
    left = max(map(columns, headings))
    return [
        cut(f"{heading:<{left}}  {cell}", max(NARROWEST, width))
        for heading, cell in zip(headings, cells, strict=True)
        if cell
    ]


def cut(text: str, room: int) -> str:
    """The text in at most `room` columns, with an ellipsis where it was longer."""
    if columns(text) <= room:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += _columns_of(character)
        if taken > room - 1:
            return text[:index] + "…"
    return text
