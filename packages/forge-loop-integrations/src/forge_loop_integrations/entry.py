"""One event as it is kept in a message: small, scanned, and enough to render it later.

Owns: which of an event is kept, its limits, leaving out what looks like a secret. Must not: know a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_loop import Recorded
from forge_loop.extension import rfc3339
from forge_loop_integrations.routing import Class, Severity, classify
from forge_loop_integrations.secret import withheld
from forge_loop_integrations.wording import word

LONGEST = 4000
MOST_ITEMS = 50
DEEPEST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`headline`, `detail` and `state` are for people, `data` is for programs. `at` is RFC 3339."""

    seq: int
    at: str
    kind: str
    repo: str
    issue: int | None
    job: int | None
    attempt: int | None
    of: Class
    severity: Severity
    headline: str
    detail: str
    state: str
    data: dict[str, Any]

    def shape(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in NAMES}


NAMES = tuple(Entry.__dataclass_fields__)


def entry_of(event: Recorded) -> Entry:
    """What is kept of an event."""
    of, severity = classify(event.kind, event.data)
    data = _kept(event.data)
    wording = word(event.kind, data)
    return Entry(
        seq=event.seq,
        at=rfc3339(event.at),
        kind=event.kind,
        repo=event.repo,
        issue=event.issue,
        job=event.job,
        attempt=event.attempt,
        of=of,
        severity=severity,
        headline=wording.headline,
        detail=wording.detail,
        state=wording.state,
        data=data,
    )


def entry_from(shape: Mapping[str, Any]) -> Entry:
    """An entry as it was kept."""
    return Entry(**{**shape, "of": Class(shape["of"]), "severity": Severity(shape["severity"])})


def _kept(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return shortened(withheld(value), LONGEST)
    if depth >= DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {str(key)[:100]: _kept(each, depth + 1) for key, each in list(value.items())[:MOST_ITEMS]}
    if isinstance(value, list | tuple):
        return [_kept(each, depth + 1) for each in value[:MOST_ITEMS]]
    return value


def shortened(text: str, most: int) -> str:
    """The text in at most `most` characters, with an ellipsis where it was longer."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
