"""Attempts: who was at what when, as bars over hours, and the ledger below.

Owns: the window of time and where each bar stands. Must not: count or judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from forge_loop.status.ledger import Entry, entries
from forge_loop_dashboard.look import Facts, Look, View

CHOICES = {"10 minutes": 10, "hour": 60, "6 hours": 360, "day": 1440, "3 days": 4320}
MOST = 200
LANES = 40
LEAST = 0.4
LEAST_MINUTES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A session on its issue's lane; `x` and `width` in hundredths of the window."""

    x: float
    width: float
    session: int
    role: str
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    start: datetime
    end: datetime

    def place(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(min(1.0, max(0.0, share)) * 100, 2)


def facts(look: Look) -> Facts:
    desk = look.desk
    now = desk.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    with desk.store() as store:
        found = entries(store, desk.project.layout, limit=MOST) if store is not None else []
    minutes = look.number("minutes") or 0
    chosen = minutes if minutes in CHOICES.values() else 0
    end = _end(found, now, timedelta(hours=1) if chosen else timedelta(0))
    window = Window(start=end - timedelta(minutes=chosen or _fitting(found, end)), end=end)
    return {
        "choices": CHOICES,
        "chosen": chosen,
        "lanes": _lanes(found, window, now),
        "ticks": _ticks(window),
        "entries": found[::-1],
        "most": MOST,
    }


def _end(found: list[Entry], now: datetime, quiet: timedelta) -> datetime:
    """Now; or, where nothing happened for longer than `quiet`, the end of the newest attempt."""
    newest = max((entry.attempt.ended_at or now for entry in found), default=now)
    return now if now - newest <= quiet or newest >= now else newest + timedelta(seconds=10)


def _fitting(found: list[Entry], end: datetime) -> int:
    """As many whole minutes as show the last few attempts."""
    oldest = min((entry.attempt.started_at for entry in found[-LANES:]), default=end)
    return min(max(LEAST_MINUTES, int((end - oldest) / timedelta(minutes=1)) + 1), max(CHOICES.values()))


def _lanes(found: list[Entry], window: Window, now: datetime) -> list[tuple[int, list[Bar]]]:
    lanes: dict[int, list[Bar]] = {}
    for entry in found:
        for session in entry.sessions:
            end = session.ended_at or now
            if end < window.start or session.started_at > window.end:
                continue
            x = window.place(session.started_at)
            width = round(max(LEAST, window.place(end) - x), 2)
            outcome = session.outcome or "under way"
            says = f"attempt {entry.attempt.number}: {session.role}, {session.purpose}, {outcome}"
            bar = Bar(x=min(x, 100 - LEAST), width=width, session=session.id, role=str(session.role), says=says)
            lanes.setdefault(entry.attempt.issue, []).append(bar)
    return list(lanes.items())[-LANES:]


def _ticks(window: Window) -> list[tuple[float, datetime]]:
    minutes = (window.end - window.start) / timedelta(minutes=1)
    step = next(each for each in (1, 2, 5, 10, 30, 60, 240, 720) if minutes / each <= 8)
    first = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = int((window.start - first) / timedelta(minutes=step)) + 1
    moments = [first + timedelta(minutes=step * (steps + number)) for number in range(9)]
    return [(window.place(at), at) for at in moments if 3 < window.place(at) < 97]


VIEW = View(name="attempts", path="/attempts", title="Attempts", facts=facts, key="a")
