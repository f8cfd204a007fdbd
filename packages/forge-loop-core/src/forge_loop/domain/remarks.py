"""What is said on a pull request: by the people who are trusted there, and by the loop on single lines.

Owns: the shapes both take. Must not: decide who is trusted; a forge knows its accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """What a trusted person asks to be changed. `key` is the host's identity of it; never the loop's own words."""

    key: str
    author: str
    text: str
    at: datetime
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """A trusted person approved this very commit in a review, and has not thought otherwise since."""

    author: str
    sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRemark:
    """What the loop says about one line of the new version of a file, or about the file as a whole."""

    file: str
    line: int | None
    text: str
