"""The event log as a reader looks at it: by kind, by issue, forwards from a `seq` and backwards from one.

Owns: what a filter means. Must not: change an event, or deliver one.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.recorded import Recorded
from forge_loop.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`kinds` are whole kinds or their nouns: `job.merged`, `job`. `session` is an id. Empty means all."""

    kinds: tuple[str, ...] = ()
    issue: int | None = None
    session: str | None = None

    def __contains__(self, event: Recorded) -> bool:
        if self.issue is not None and event.issue != self.issue:
            return False
        if self.session is not None and event.session != self.session:
            return False
        return not self.kinds or any(is_kind(event, kind) for kind in self.kinds)


def is_kind(event: Recorded, kind: str) -> bool:
    return event.kind == kind or event.kind.startswith(_noun(kind))


def newest_events(store: Store, wanted: Wanted, *, before: int | None = None, limit: int = 100) -> list[Recorded]:
    """The newest events, newest first; `before` is the last `seq` of the page before."""
    where, values = _where(wanted)
    if before is not None:
        where, values = f"{where} AND seq < ?", [*values, before]
    return store.events.select(where, *values, order="seq DESC", limit=limit)


def events_after(store: Store, seq: int, wanted: Wanted, *, limit: int = 500) -> list[Recorded]:
    """The events after `seq`, oldest first."""
    where, values = _where(wanted)
    return store.events.select(f"{where} AND seq > ?", *values, seq, limit=limit)


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    parts, values = ["1"], list[object]()
    if wanted.issue is not None:
        parts.append("issue = ?")
        values.append(wanted.issue)
    if wanted.session is not None:
        parts.append("session = ?")
        values.append(wanted.session)
    if wanted.kinds:
        parts.append("(" + " OR ".join("kind = ? OR substr(kind, 1, ?) = ?" for _ in wanted.kinds) + ")")
        for kind in wanted.kinds:
            values.extend((kind, len(_noun(kind)), _noun(kind)))
    return " AND ".join(parts), values


def _noun(kind: str) -> str:
    return kind.removesuffix("*").removesuffix(".") + "."
