"""Every metric: its name, its type, its help, its labels with all their values, and the figure behind it.

Owns: that table. Must not: have a label whose values are not enumerated here: no issue, pull request, session, title,
path or error text. What is not enumerated counts as `other`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from forge_loop import __version__
from forge_loop.extension import (
    KINDS,
    TICK_SECONDS,
    Category,
    FailureKind,
    JobState,
    Overall,
    Role,
    SessionOutcome,
    Severity,
)
from forge_loop.status.figures import Figures, Spread
from forge_loop.status.short import STATES
from forge_loop_observability.metrics.outbox import RESULTS, SINKS, STOPPED_BY, Messages

OTHER = "other"
SESSION_SECONDS = (30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0)
ATTEMPT_SECONDS = (60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)
LEAD_SECONDS = (600.0, 1800.0, 3600.0, 14400.0, 86400.0)
ATTEMPT_OUTCOMES = ("failed", *(str(state) for state in JobState if state.terminal))
WATCHDOG_REASONS = {
    "no sign of life": "silent",
    "no file has changed": "no_progress",
    "the time of its role ran out": "timed_out",
}

Source = TypeVar("Source")
Labels = tuple[str, ...]
Values = Mapping[Labels, float]
Spreads = Mapping[Labels, Spread]


class Kind(StrEnum):
    INFO = "info"
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, kw_only=True, slots=True)
class Family(Generic[Source]):
    """One metric. `name` is as it is exposed, `labels` maps each label to its values, `bounds` are a histogram's.

    `read` gives values by label values, from what the metric is read from; combinations it leaves out are 0. Raises
    DatabaseError.
    """

    name: str
    kind: Kind
    help: str
    read: Callable[[Source], Values | Spreads]
    labels: Mapping[str, tuple[str, ...]]
    bounds: tuple[float, ...] = ()


def _gauge(name: str, help: str, read: Callable[[Source], Values], **labels: Iterable[str]) -> Family[Source]:
    return Family(name=f"forge_loop_{name}", kind=Kind.GAUGE, help=help, read=read, labels=_listed(labels))


def _counter(name: str, help: str, read: Callable[[Source], Values], **labels: Iterable[str]) -> Family[Source]:
    return Family(name=f"forge_loop_{name}_total", kind=Kind.COUNTER, help=help, read=read, labels=_listed(labels))


def _histogram(
    name: str, help: str, bounds: Sequence[float], read: Callable[[Figures], Spreads], **labels: Iterable[str]
) -> Family[Figures]:
    return Family(
        name=f"forge_loop_{name}",
        kind=Kind.HISTOGRAM,
        help=help,
        read=read,
        labels=_listed(labels),
        bounds=tuple(bounds),
    )


def _listed(labels: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(str(value) for value in values) for name, values in labels.items()}


def _one(value: float) -> Values:
    return {(): value}


def _added(values: Iterable[tuple[Labels, float]]) -> Values:
    found: dict[Labels, float] = {}
    for labels, value in values:
        found[labels] = found.get(labels, 0) + value
    return found


def _tokens(figures: Figures) -> Values:
    read = figures.tokens().items()
    return {(role, kind): count for role, counts in read for kind, count in zip(TOKENS, counts, strict=True)}


def _by_role(figures: Figures) -> Spreads:
    found: dict[Labels, Spread] = {}
    for (role, _), spread in figures.sessions(SESSION_SECONDS).items():
        before = found.get((role,))
        found[(role,)] = spread if before is None else _joined(before, spread)
    return found


def _joined(one: Spread, other: Spread) -> Spread:
    counts = tuple(first + second for first, second in zip(one.counts, other.counts, strict=True))
    return Spread(counts=counts, total=one.total + other.total)


def _ended(figures: Figures) -> Values:
    return {labels: sum(spread.counts) for labels, spread in figures.sessions(()).items()}


def _attempts(figures: Figures) -> Values:
    return {labels: sum(spread.counts) for labels, spread in figures.attempts(()).items()}


def _watchdog(figures: Figures) -> Values:
    return _added(((WATCHDOG_REASONS.get(reason, OTHER),), n) for (reason,), n in figures.watchdog().items())


TOKENS = ("input", "output")
OF_THE_STATE: tuple[Family[Figures], ...] = (
    Family(
        name="forge_loop_build_info",
        kind=Kind.INFO,
        help="Version of forge-loop and of Python",
        read=lambda _: _one(1),
        labels={"version": (__version__,), "python": (platform.python_version(),)},
    ),
    _gauge("up", "1 if the loop's process is alive", lambda f: _one(f.loop().up)),
    _gauge("paused", "1 if the operator has paused dispatch", lambda f: _one(f.loop().paused)),
    _gauge(
        "dispatch_closed",
        "1 if dispatch is closed for this reason",
        lambda f: {(reason,): 1 for reason in f.loop().closed},
        reason=STATES,
    ),
    _gauge(
        "account_limit_reset_timestamp_seconds",
        "Unix time at which an account limit or an outage is over that parks the loop, 0 if none does",
        lambda f: _one(f.loop().parked_until),
    ),
    _gauge("last_tick_timestamp_seconds", "Unix time of the last finished tick", lambda f: _one(f.loop().last_tick)),
    _histogram(
        "tick_duration_seconds",
        "Duration of the ticks in which something happened, and of one a minute",
        TICK_SECONDS,
        lambda f: {(): f.ticks()},
    ),
    _gauge("worker_slots", "Configured slots", lambda f: _one(f.loop().slots)),
    _gauge("worker_slots_used", "Slots that jobs hold now", lambda f: _one(f.loop().slots_used)),
    _gauge("workers_active", "Sessions that run now", lambda f: f.running_sessions(), role=Role),
    _gauge(
        "queue_depth",
        "Queue entries",
        lambda f: {(state,): count for state, count in f.queue().items()},
        state=("ready", "delayed", "leased", "dead"),
    ),
    _gauge(
        "oldest_ready_issue_age_seconds",
        "Time since the oldest job was queued that has not begun, 0 if there is none",
        lambda f: _one(f.oldest_waiting()),
    ),
    _gauge("jobs", "Jobs ever made, where each stands now", lambda f: f.jobs(), state=JobState),
    _counter("attempts", "Finished attempts", _attempts, outcome=ATTEMPT_OUTCOMES),
    _histogram(
        "attempt_duration_seconds",
        "Time from the start of an attempt until it rests",
        ATTEMPT_SECONDS,
        lambda f: f.attempts(ATTEMPT_SECONDS),
        outcome=ATTEMPT_OUTCOMES,
    ),
    _counter("retries", "Attempts that followed a failed one", lambda f: f.retries(), reason=FailureKind),
    _counter("sessions", "Ended sessions", _ended, role=Role, outcome=SessionOutcome),
    _histogram("session_duration_seconds", "Wall time of a session", SESSION_SECONDS, _by_role, role=Role),
    _counter("tokens", "Model tokens of ended sessions, cached ones included", _tokens, role=Role, type=TOKENS),
    _counter("watchdog_kills", "Sessions ended by the watchdog", _watchdog, reason=WATCHDOG_REASONS.values()),
    _counter("checks", "Checks run on candidates", lambda f: f.checks(), outcome=("passed", "failed", "timed_out")),
    _counter("critic_reviews", "Verdicts of the critic", lambda f: f.reviews(), verdict=Overall),
    _counter("critic_findings", "Findings of the critic", lambda f: f.findings(), severity=Severity, category=Category),
    _counter(
        "node_runs",
        "Commands of the pipeline that ran, and people who answered",
        lambda f: f.node_runs(),
        outcome=("passed", "failed"),
    ),
    _gauge("people_awaited", "People whom the pipeline waits for", lambda f: _one(f.people_awaited())),
    _counter(
        "pull_requests",
        "Pull requests by how their job ended",
        lambda f: f.pull_requests(),
        outcome=(state for state in JobState if state.terminal),
    ),
    _histogram(
        "issue_lead_time_seconds", "Time from approval to merge", LEAD_SECONDS, lambda f: f.lead_times(LEAD_SECONDS)
    ),
    _counter("events_written", "Events written", lambda f: f.events(), type=(kind.kind for kind in KINDS)),
)
OF_THE_OUTBOX: tuple[Family[Messages], ...] = (
    _gauge(
        "outbox_messages",
        "Messages that wait for their receiver, or were given up",
        lambda m: m.by_state(),
        sink=SINKS,
        state=("waiting", "dead"),
    ),
    _gauge(
        "outbox_oldest_message_age_seconds",
        "Time since the oldest message was written that its receiver should have, 0 if there is none",
        lambda m: m.oldest(),
        sink=SINKS,
    ),
    _gauge(
        "sink_stopped",
        "1 if nothing is sent to this receiver, by whose word",
        lambda m: m.stopped(),
        sink=SINKS,
        by=STOPPED_BY,
    ),
    _counter("notifications", "Attempts to send a message", lambda m: m.attempts(), sink=SINKS, outcome=RESULTS),
)
FAMILIES: tuple[Family[Figures] | Family[Messages], ...] = (*OF_THE_STATE, *OF_THE_OUTBOX)
COLLECTOR_SECONDS = "forge_loop_collector_duration_seconds"
COLLECTOR_ERRORS = "forge_loop_collector_errors_total"


def exposed_names() -> frozenset[str]:
    """Every name that a query can ask for."""
    names = {COLLECTOR_SECONDS, COLLECTOR_ERRORS}
    for family in FAMILIES:
        parts = ("_bucket", "_sum", "_count") if family.kind is Kind.HISTOGRAM else ("",)
        names.update(f"{family.name}{part}" for part in parts)
    return frozenset(names)
