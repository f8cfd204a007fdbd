"""Secrets of a sink: named in the configuration, read when they are needed, never shown.

Owns: `env:NAME` and `file:PATH`, hiding a secret in any text that is kept or printed, the shapes of tokens. Must not:
keep a secret's value longer than its user does.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_loop import OperatorError

HIDDEN = "[hidden]"
WITHHELD = "[withheld: it looks as if it holds a secret]"
LARGEST = 4096

# What must not leave this box in a message, whoever wrote it.
SHAPES = re.compile(
    r"""
    xox[abeoprs]-[A-Za-z0-9-]{8,} | xapp-[A-Za-z0-9-]{8,}
    | hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/\S+ | discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\S+
    | whs(?:ec|k)_[A-Za-z0-9+/=_-]{16,}
    | gh[opsur]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
    | sk-(?:ant|proj)-[A-Za-z0-9_-]{16,} | AKIA[0-9A-Z]{16}
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is. Its value is in no attribute, so in no repr, log or traceback of this."""

    reference: str

    def read(self, environ: Mapping[str, str]) -> str:
        """The value. Raises OperatorError, which names the reference and never the value."""
        scheme, _, place = self.reference.partition(":")
        found = environ.get(place, "") if scheme == "env" else _read_file(place)
        if not found.strip():
            raise OperatorError(f"{self.reference} holds nothing", hint=f"set {place}" if scheme == "env" else "")
        return found.strip()


def reference_problem(written: object) -> str | None:
    """What is wrong with what stands where a secret's reference belongs. What was written is not repeated."""
    if isinstance(written, str):
        scheme, _, place = written.partition(":")
        if scheme == "env" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", place):
            return None
        if scheme == "file" and Path(place).is_absolute():
            return None
    return "expected env:NAME or file:/PATH; a secret itself does not stand in a configuration"


def hide(text: str, values: Iterable[str]) -> str:
    """The text without these values and without anything of a token's shape."""
    for value in values:
        if value:
            text = text.replace(value, HIDDEN)
    return SHAPES.sub(HIDDEN, text)


def withheld(text: str) -> str:
    """The text, or, if anything in it has a token's shape, a word in place of all of it."""
    return WITHHELD if SHAPES.search(text) else text


def _read_file(place: str) -> str:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise OperatorError(f"file:{place} is no file")
            if facts.st_mode & 0o077:
                raise OperatorError(f"file:{place} can be read by others", hint=f"chmod 600 {place}")
            return file.read(LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"file:{place} cannot be read: {getattr(error, 'strerror', None) or error}") from None
