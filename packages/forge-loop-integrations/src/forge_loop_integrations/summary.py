"""What a digest says of all its events together: how many ended how, and what still waits for a person.

Owns: those two lines. Must not: know a channel, or leave an event out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from forge_loop.extension import rfc3339
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.outbox.rows import MatterRow
from forge_loop_integrations.routing import Class, Severity

OPEN = "notification.open"
MOST_NAMED = 20


def heading(entries: Sequence[Entry]) -> str:
    """`5 events: 3 merged, 1 handed over`."""
    events = [entry for entry in entries if entry.kind != OPEN]
    ended = Counter(entry.state for entry in events if entry.kind.startswith("job.") and entry.state)
    said = ", ".join(f"{count} {state}" for state, count in ended.most_common())
    many = f"{len(events)} events" if len(events) != 1 else "1 event"
    return f"{many}: {said}" if said else many


def still_open(matters: Sequence[MatterRow], now: datetime) -> Entry | None:
    """One entry for all that was told to a person and is not over, None if nothing is."""
    if not matters:
        return None
    named = [_name(matter) for matter in matters[:MOST_NAMED]]
    left = len(matters) - len(named)
    said = ", ".join([*named, *([f"{left} more"] if left else [])])
    return Entry(
        seq=0,
        at=rfc3339(now),
        kind=OPEN,
        repo=next((matter.newest.repo for matter in matters if matter.newest is not None), ""),
        issue=None,
        job=None,
        attempt=None,
        of=Class.NEEDS_HUMAN,
        severity=Severity.WARNING,
        headline=f"{len(matters)} still {'waits' if len(matters) == 1 else 'wait'} for you: {said}",
        detail="",
        state="",
        data={"matters": [matter.key for matter in matters[:MOST_NAMED]]},
    )


def _name(matter: MatterRow) -> str:
    what = matter.newest
    about = f"#{what.issue}" if what is not None and what.issue is not None else matter.key
    return f"{about} ({what.state})" if what is not None and what.state else about
