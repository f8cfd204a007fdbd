"""An event as it was written down, whatever its kind.

Owns: the line format of `events.jsonl`, how a time is written. Must not: know a kind: whoever only looks at rows is
spared the classes of all of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """An event as it was written: `seq` is gapless within one state directory, `at` is UTC."""

    seq: int
    at: datetime
    kind: str
    repo: str
    issue: int | None
    job: int | None
    attempt: int | None
    session: str | None
    data: dict[str, Any]

    def line(self) -> str:
        """The line of `events.jsonl`, without the line end."""
        shape = {
            "v": 1,
            "seq": self.seq,
            "at": rfc3339(self.at),
            "kind": self.kind,
            "repo": self.repo,
            "issue": self.issue,
            "job": self.job,
            "attempt": self.attempt,
            "session": self.session,
            "data": self.data,
        }
        return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and a Z: the product's one way to write a time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
