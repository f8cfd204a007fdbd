"""What sessions do: workers, critics and spec expanders whose behaviour is drawn from the seed.

Owns: when a session ends and how, what it leaves in its workspace, and the truth about which commits a critic approved.
Must not: know what the loop makes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from forge_loop.domain.session import Activity, LimitSeen, Role, SessionEnded, SessionNews, SessionOrder, SessionOutcome
from support.fake_agents import FakeAgents
from support.fake_workspaces import FakeWorkspaces
from support.simulated_clock import SimulatedClock

RED = "RED"  # a file that holds this makes the checks red
PAIR = "PAIR"  # two files that hold this do so together: each is green alone
LEAVES_BASE_OUT = 0.5  # of the workers that were to merge base in
SPEC = "## Problem\n\nIt is missing.\n\n## Acceptance criteria\n\n- it is there\n\n## Out of scope\n\n- the rest\n"

WORKER_WAYS = {
    "good": 40,
    "shared": 10,
    "unmerged": 3,
    "red": 6,
    "pair": 10,
    "no_commit": 4,
    "uncommitted": 5,
    "protected": 4,
    "bad_report": 3,
    "no_report": 2,
    "blocked": 2,
    "superseded": 2,
    "failed": 2,
    "denied": 2,
    "max_turns": 2,
    "limit": 3,
    "limit_without_reset": 2,
    "transient": 3,
    "auth": 1,
    "lost": 3,
    "silent": 2,
}
CRITIC_WAYS = {
    "approve": 50,
    "approve_sev3": 6,
    "approve_sev1": 5,
    "request_changes": 12,
    "block": 4,
    "malformed": 4,
    "no_report": 2,
    "limit": 3,
    "limit_without_reset": 1,
    "transient": 3,
    "lost": 3,
    "silent": 2,
}
PO_WAYS = {"good": 60, "malformed": 8, "no_report": 5, "limit": 8, "transient": 8, "lost": 6, "silent": 5}
WAYS = {Role.WORKER: WORKER_WAYS, Role.CRITIC: CRITIC_WAYS, Role.PO: PO_WAYS}
ON_LINE = "request_changes on a line"  # only told, never drawn
KIND = {Role.WORKER: "good", Role.CRITIC: "approve", Role.PO: "good"}
CUT_OFF = {
    "limit": SessionOutcome.LIMIT,
    "limit_without_reset": SessionOutcome.LIMIT,
    "transient": SessionOutcome.TRANSIENT,
    "auth": SessionOutcome.AUTH,
    "lost": SessionOutcome.LOST,
    "no_report": SessionOutcome.NO_REPORT,
    "failed": SessionOutcome.FAILED,
    "denied": SessionOutcome.DENIED,
    "max_turns": SessionOutcome.MAX_TURNS,
}


def is_green(files: Mapping[str, str]) -> bool:
    """The truth about a tree, which the checks find out."""
    texts = list(files.values())
    return not any(RED in text for text in texts) and sum(PAIR in text for text in texts) < 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Playing:
    """A session under way: how it will end, and when (None: not by itself)."""

    order: SessionOrder
    way: str
    due: datetime | None


class Sessions:
    """The sessions of one world. They die with the loop's process; what they did to a workspace stays.

    In a kind world they do well, after those that were `told` what to do.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        workspaces: FakeWorkspaces,
        chance: Random,
        warnings: Random,
        note: Callable[[str], None],
    ) -> None:
        self.playing: list[Playing] = []
        self.approved: set[str] = set()
        self.fired: Counter[str] = Counter()
        self.kind_world = False
        self.told: dict[Role, list[str]] = {}
        self.agents: SimulatedAgents
        self._clock = clock
        self._workspaces = workspaces
        self._chance = chance
        self._warnings = warnings
        self._note = note
        self._made = 0
        self._kept: set[tuple[str, Path]] = set()
        self.boot()

    def boot(self) -> None:
        """A new process: no session runs, conversations are still on disk."""
        scripts = dict.fromkeys(WAYS, self._begin)
        self.agents = SimulatedAgents(self, scripts, clock=self._clock)
        self.agents.keep(self._kept)

    def die(self) -> None:
        """The process is gone and its sessions with it; some had done their work already."""
        for playing in self.playing:
            if playing.order.role is Role.WORKER and self._chance.random() < 0.5:
                self._work(playing)
        self.playing.clear()

    def due(self) -> None:
        """End what has come to its end."""
        now = self._clock.peek()
        for playing in [entry for entry in self.playing if entry.due is not None and entry.due <= now]:
            self.playing.remove(playing)
            self._finish(playing)

    def end_well(self) -> None:
        """What plays now is done at once, and well."""
        self.playing = [replace(entry, way=KIND[entry.order.role], due=self._clock.peek()) for entry in self.playing]
        self.due()

    def next_due(self) -> datetime | None:
        return min((entry.due for entry in self.playing if entry.due is not None), default=None)

    def running_in(self, path: Path) -> bool:
        return any(entry.order.workspace == path for entry in self.playing)

    def stopped(self, session: str, reason: str) -> None:
        """The loop ends a session: it takes a moment."""
        for playing in [entry for entry in self.playing if entry.order.id == session and entry.way != "stopped"]:
            self.playing.remove(playing)
            due = self._clock.peek() + timedelta(seconds=self._chance.uniform(0, 15))
            self.playing.append(replace(playing, way="stopped", due=due))
            self._note(f"{playing.order.role} {playing.order.workspace.name} is being stopped: {reason}")

    def gone(self, session: str) -> None:
        self.playing = [entry for entry in self.playing if entry.order.id != session]

    def _begin(self, order: SessionOrder) -> Sequence[SessionNews]:
        ways = WAYS[order.role]
        way = self._chance.choices(list(ways), list(ways.values()))[0]
        if self.kind_world:
            told = self.told.get(order.role)
            way = told.pop(0) if told else KIND[order.role]
        self.fired[f"{order.role} {way}"] += 1
        seconds = self._chance.uniform(1, 40) if self.kind_world else self._chance.uniform(1, 200)
        due = None if way == "silent" else self._clock.peek() + timedelta(seconds=seconds)
        self.playing.append(Playing(order=order, way=way, due=due))
        self._note(f"{order.role} {order.workspace.name} begins: {way}{', resumed' if order.resume else ''}")
        activity = Activity(session=order.id, at=self._clock.now(), kind="assistant", tool="Read")
        return [activity, *self._limits(order)]

    def _limits(self, order: SessionOrder) -> list[LimitSeen]:
        """Now and then the account says how much of a limit is used."""
        if self.kind_world or self._warnings.random() >= 0.15:
            return []
        used, ahead = self._warnings.choice((0.3, 0.85, 0.97)), self._warnings.choice((None, 600, 3600))
        self.fired[f"{used:.0%} of a limit used"] += 1
        return [
            LimitSeen(
                session=order.id,
                status="allowed_warning" if used > 0.5 else "allowed",
                kind=self._warnings.choice(("five_hour", "seven_day")),
                resets_at=self._clock.peek() + timedelta(seconds=ahead) if ahead is not None else None,
                utilization=used,
            )
        ]

    def _finish(self, playing: Playing) -> None:
        order, way = playing.order, playing.way
        if way == "stopped":
            self._say(playing, SessionOutcome.STOPPED, None)
        elif way in CUT_OFF:
            self._say(playing, CUT_OFF[way], None)
        elif order.role is Role.WORKER:
            self._work(playing)
            self._say(playing, SessionOutcome.DONE, _worker_report(way))
        elif order.role is Role.CRITIC:
            self._review(playing)
        else:
            malformed = way == "malformed"
            self._say(
                playing, SessionOutcome.DONE, {"spec": SPEC, "assumptions": []} if not malformed else {"spec": ""}
            )

    def _say(self, playing: Playing, outcome: SessionOutcome, report: Mapping[str, Any] | None) -> None:
        resets_at = None
        if playing.way == "limit":
            resets_at = self._clock.peek() + timedelta(seconds=self._chance.choice((-60, 300, 1800, 7200)))
        ended = SessionEnded(
            session=playing.order.id,
            outcome=outcome,
            at=self._clock.now(),
            report=report,
            detail=f"scripted: {playing.way}",
            resets_at=resets_at,
        )
        self._note(f"{playing.order.role} {playing.order.workspace.name} ends: {playing.way}")
        self.agents.finish(ended)

    def _work(self, playing: Playing) -> None:
        path, way = playing.order.workspace, playing.way
        if path not in self._workspaces.clones or way in ("no_commit", "blocked", "superseded"):
            return
        self._made += 1
        own = f"src/{path.name.split('-')[0]}.txt"
        clone = self._workspaces.clones[path]
        if not self._workspaces.descends(path) and way != "unmerged" and self._chance.random() > LEAVES_BASE_OUT:
            self._workspaces.merges_base(path)
        mended: dict[str, str | None] = {
            name: f"mended {self._made}\n" for name, text in clone.files.items() if RED in text or PAIR in text
        }
        text = f"{way} {self._made}\n"
        match way:
            case "shared" | "unmerged":
                self._workspaces.commits(path, {**mended, "shared.txt": text})
            case "red":
                self._workspaces.commits(path, {own: f"{RED} {text}"})
            case "pair":
                self._workspaces.commits(path, {**mended, own: f"{PAIR} {text}"})
            case "uncommitted":
                self._workspaces.writes(path, {own: text})
            case "protected":
                self._workspaces.commits(path, {**mended, "CLAUDE.md": text})
            case _:
                self._workspaces.commits(path, {**mended, own: text})

    def _review(self, playing: Playing) -> None:
        way = playing.way
        head = self._workspaces.clones[playing.order.workspace].head
        if way in ("approve", "approve_sev3"):
            self.approved.add(head)
        else:
            self.approved.discard(head)
        self._note(f"the critic says {way} of {head[:12]}")
        self._say(playing, SessionOutcome.DONE, _verdict(way))


class SimulatedAgents(FakeAgents):
    """Ending a session takes time; the rest is as in the fake."""

    def __init__(self, sessions: Sessions, scripts: Mapping[Role, Any], *, clock: SimulatedClock) -> None:
        super().__init__(scripts, clock=clock)
        self._sessions = sessions

    def keep(self, kept: set[tuple[str, Path]]) -> None:
        """Conversations that stand on disk: shared by every process of the world."""
        self._kept = kept

    def end(self, session: str, *, reason: str) -> None:
        self._sessions.stopped(session, reason)

    def close(self) -> None:
        for session in sorted(self.running()):
            super().end(session, reason="the loop is stopping")
            self._sessions.gone(session)


def _worker_report(way: str) -> Mapping[str, Any]:
    if way == "bad_report":
        return {"status": "finished"}
    status = way if way in ("blocked", "superseded") else "done"
    return {"status": status, "summary": f"it is {way}", "tests_run": [], "notes": ""}


def _verdict(way: str) -> Mapping[str, Any]:
    if way == "malformed":
        return {"overall": "looks good"}
    place = {"file": "src/1.txt", "line": 1} if way == ON_LINE else {"file": None, "line": None}
    way = "request_changes" if way == ON_LINE else way
    severity = {"approve_sev3": "sev3", "approve_sev1": "sev1", "request_changes": "sev2", "block": "sev1"}.get(way)
    finding = {"severity": severity, "category": "correctness", "message": "mend it", **place}
    overall = "approve" if way.startswith("approve") else way
    return {"overall": overall, "findings": [finding] if severity else [], "reviewed": ["all of it"]}
