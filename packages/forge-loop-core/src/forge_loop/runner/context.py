"""What every stage works with.

Owns: the ports, the store, and what is in hand between two ticks. Must not: hold logic. Whatever must survive a crash
is in the store; what stands here can be lost at any instant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from forge_loop.briefs import Briefs
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import Settings
from forge_loop.domain.events import Event
from forge_loop.domain.issue import Issue, LabelEvent, PullRequest
from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import CRITIC_ALONE, Pipeline
from forge_loop.domain.remarks import Agreement, Remark
from forge_loop.ports import Agents, Clock, CodeHost, Commands, EventSink, Slots, Tracker, Workspaces
from forge_loop.queue import Delivery, Queue
from forge_loop.runner.errands import Errands
from forge_loop.runner.slots import OwnSlots
from forge_loop.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Fixed rhythms in seconds. `patience` is how long a tick waits for its observation before it goes on without."""

    patience: float = 1.0
    lease: float = 300.0
    activity_row: float = 1.0
    activity_event: float = 15.0
    watchdog_poll: float = 15.0
    quiet_tick_event: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """What people say on one pull request. `settled`: it was read again at the same time of the last change; times may
    be whole seconds, so that something else may have happened within the one in which it was read first."""

    remarks: Sequence[Remark]
    agreements: Sequence[Agreement]
    changed_at: datetime | None
    settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One observation. What could not be read is None and stands in `problems`: unknown, never empty.

    `labels` says who applied the ready label, `blockers` whether a blocking issue is closed (None: not known), `gone`
    which issues in work are not there any more, `pulls` holds the pull requests of jobs in work, by number, and `talk`
    what people say there.
    """

    started_at: datetime
    issues: dict[int, Issue] | None = None
    labels: dict[int, LabelEvent | None] = field(default_factory=dict)
    blockers: dict[int, bool | None] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    open_pull_requests: tuple[int, ...] | None = None
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    talk: dict[int, Talk] = field(default_factory=dict)
    base_sha: str | None = None
    base_problem: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(kw_only=True, slots=True)
class Context:
    settings: Settings
    base: str
    pays: str
    layout: StateLayout
    store: Store
    queue: Queue
    tracker: Tracker
    code_host: CodeHost
    agents: Agents
    workspaces: Workspaces
    commands: Commands
    briefs: Briefs
    clock: Clock
    errands: Errands
    sinks: Sequence[EventSink]
    on_fault: Callable[[str, Exception], None]
    timing: Timing = field(default_factory=Timing)
    slots: Slots = field(default_factory=OwnSlots)
    # What the next attempt is bound to; `bound.pipeline_of` says what a job goes through.
    pipeline: Pipeline = CRITIC_ALONE
    in_hand: dict[int, Delivery] = field(default_factory=dict)
    # Jobs that wait for the code host's checks, with the monotonic time of their next look.
    waits: dict[int, float] = field(default_factory=dict)
    world: World | None = None
    # What intake last went through, and the newest event then.
    gone_through: tuple[World, int] | None = None
    # Jobs that were made due in the queue because their time had come by the loop's clock, and that time.
    brought_forward: dict[int, datetime] = field(default_factory=dict)
    moved_at: datetime | None = None
    look_again: bool = False
    # The monotonic time before which no refusal is told: the tracker did not take the last one.
    untold_until: float = 0.0
    hooked: set[int] = field(default_factory=set)
    maintain: bool = False

    def now(self) -> datetime:
        return self.clock.now()

    def slots_used(self) -> int:
        """A job that waits for the code host leaves its slot to others."""
        return sum(job not in self.waits for job in self.in_hand)

    def moved_since(self, moment: datetime) -> bool:
        """Whether a job has moved since. A move that lies ahead is from before the clock was set back."""
        return self.moved_at is not None and moment < self.moved_at <= self.now()

    def tell(
        self, event: Event, job: Job | None = None, *, session: str | None = None, issue: int | None = None
    ) -> None:
        """Append an event about a job, within the open transaction of the change it tells of."""
        self.store.events.append(
            event,
            at=self.now(),
            issue=job.issue if job else issue,
            job=job.id if job else None,
            attempt=job.attempt if job else None,
            session=session,
        )

    def look_anew(self) -> None:
        """An approval was given or spent: what was seen before must not be taken for what stands there now."""
        self.world, self.look_again = None, True

    def workspace(self, job: Job, purpose: str) -> Path:
        """Where a job's clone for a purpose (work, check, review, spec) stands."""
        return self.layout.workspace(job.issue, job.id, purpose)

    def private(self, job: Job | None, who: str) -> Path:
        """The private home of the sessions of a role, or of a reviewer, in a job; kept, so that they can be resumed."""
        return self.layout.private / place_of(job) / who


def place_of(job: Job | None) -> str:
    """What the directories of a job's sessions are called, or of those that are of no job."""
    return f"{job.issue}-{job.id}" if job is not None else "maintenance"


def errand_key(job: Job) -> str:
    """A job does one thing at a time."""
    return f"job:{job.id}"
