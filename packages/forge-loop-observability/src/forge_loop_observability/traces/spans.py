"""Spans, made of the loop's rows when an event says that something has ended.

Owns: which events end a span, its times, its parent, its attributes. Must not: remember anything between two events: a
restart in the middle of a job changes no span of it. Reads rows, writes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opentelemetry.trace import SpanKind

from forge_loop import (
    CheckFinished,
    EffectDone,
    EffectFailed,
    EffectSettled,
    Recorded,
    ReviewFinished,
    SessionEndedEvent,
)
from forge_loop.extension import CheckRow, Job, JobState, SessionOutcome, Store
from forge_loop.status.history import Wanted, newest_events
from forge_loop_observability.traces import identity, names

Value = str | int
JOB_ENDS = frozenset({"job.merged", "job.handed_over", "job.given_up", "job.yielded", "job.cancelled"})
EFFECT_ENDS = frozenset({EffectDone.kind, EffectSettled.kind, EffectFailed.kind})


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Something at one point of a span."""

    name: str
    at: datetime
    attributes: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """`parent` is None for the root of a trace. `error` is what went wrong, in one word, or empty."""

    name: str
    trace: int
    span: int
    parent: int | None
    start: datetime
    end: datetime
    attributes: Mapping[str, Value]
    kind: SpanKind = SpanKind.INTERNAL
    error: str = ""
    moments: tuple[Moment, ...] = ()


def ended(event: Recorded, store: Store, loop: str) -> Iterator[Span]:
    """The spans that this event ends."""
    if event.kind == SessionEndedEvent.kind:
        yield from _session(event, store, loop)
    elif event.job is None:
        return
    elif event.kind == CheckFinished.kind:
        yield from _check(event, store, loop)
    elif event.kind in EFFECT_ENDS and event.data["key"].partition("/")[0] in names.EFFECTS:
        yield from _effect(event, store, loop)
    elif event.kind == ReviewFinished.kind:
        yield from _review(event, store, loop)
    elif event.kind in JOB_ENDS:
        yield _job(store.jobs.get(event.job), event, loop)


def _session(event: Recorded, store: Store, loop: str) -> Iterator[Span]:
    number = int(event.data["number"])
    row = store.sessions.get(number)
    if row.ended_at is None:
        return
    trace = identity.trace_id(loop, row.job, number)
    outcome = row.outcome or SessionOutcome.LOST
    error = "" if outcome is SessionOutcome.DONE else str(outcome)
    attributes: dict[str, Value] = {
        names.OPERATION: "invoke_agent",
        names.AGENT: f"forge-loop.{row.role}",
        names.PROVIDER_NAME: names.PROVIDER,
        names.MODEL: row.model,
        names.CONVERSATION: row.session,
        names.INPUT_TOKENS: row.tokens_in,
        names.OUTPUT_TOKENS: row.tokens_out,
        names.FORGE_NUMBER: number,
        names.FORGE_PURPOSE: row.purpose,
        names.FORGE_ROUND: row.round,
        names.FORGE_OUTCOME: str(outcome),
        **_whose(event),
    }
    yield Span(
        name=f"{names.SESSION} {row.role}",
        trace=trace,
        span=identity.session_span(trace, number),
        parent=identity.job_span(trace) if row.job is not None else None,
        start=row.started_at,
        end=row.ended_at,
        attributes=attributes | ({names.ERROR: error} if error else {}),
        error=error,
    )


def _check(event: Recorded, store: Store, loop: str) -> Iterator[Span]:
    """A check's own span. They ran one after the other and were told of together, when the last had ended."""
    head, base, command = event.data["head_sha"], event.data["base_sha"], event.data["command"]
    batch = _batch(store.checks.select("job = ? AND head_sha = ? AND base_sha = ?", event.job, head, base))
    place = next((index for index, each in enumerate(batch) if each.command == command), None)
    if place is None:
        return
    row, later = batch[place], batch[place + 1 :]
    end = batch[-1].at - timedelta(seconds=sum(each.seconds for each in later))
    trace = identity.trace_id(loop, event.job)
    result = _result(row)
    attributes: dict[str, Value] = {
        names.PIPELINE_NAME: names.PIPELINE,
        names.PIPELINE_RUN: f"{row.job}-{head[:12]}-{base[:12]}",
        names.PIPELINE_RESULT: result,
        names.HEAD_REVISION: head,
        names.BASE_REVISION: base,
        names.FORGE_CHECK: row.id,
        **_whose(event),
    }
    error = "" if row.passed else result
    yield Span(
        name=names.CHECK,
        trace=trace,
        span=identity.span_id(trace, "check", row.id),
        parent=identity.job_span(trace),
        start=end - timedelta(seconds=row.seconds),
        end=end,
        attributes=attributes | ({names.ERROR: error} if error else {}),
        error=error,
    )


def _batch(rows: Sequence[CheckRow]) -> Sequence[CheckRow]:
    """The newest round of checks among the rows of one merge result: a command that comes again begins another."""
    begun = 0
    for index, row in enumerate(rows):
        if row.command in {each.command for each in rows[begun:index]}:
            begun = index
    return rows[begun:]


def _result(row: CheckRow) -> str:
    if row.passed:
        return "success"
    return "timeout" if row.status is None else "failure"


def _effect(event: Recorded, store: Store, loop: str) -> Iterator[Span]:
    row = store.effects.get(int(event.data["effect"]))
    if row.ended_at is None:
        return
    job = store.jobs.get(row.job)
    trace = identity.trace_id(loop, row.job)
    error = "refused" if event.kind == EffectFailed.kind else ""
    attributes: dict[str, Value] = {
        names.HEAD_NAME: job.branch,
        names.FORGE_EFFECT: row.id,
        names.FORGE_OUTCOME: event.kind.partition(".")[2],
        **_whose(event),
    }
    head = row.detail.get("head_sha") or row.detail.get("sha")
    change = (row.result or {}).get("number") or row.detail.get("number")
    if head is not None:
        attributes[names.HEAD_REVISION] = str(head)
    if change is not None:
        attributes[names.CHANGE] = str(change)
    if row.kind == "merge":
        attributes[names.CHANGE_STATE] = "merged" if (row.result or {}).get("sha") else "open"
    yield Span(
        name=names.EFFECTS[row.kind],
        trace=trace,
        span=identity.span_id(trace, "effect", row.id),
        parent=identity.job_span(trace),
        start=row.intended_at,
        end=row.ended_at,
        kind=SpanKind.CLIENT,
        attributes=attributes | ({names.ERROR: error} if error else {}),
        error=error,
    )


def _review(event: Recorded, store: Store, loop: str) -> Iterator[Span]:
    wanted = Wanted(kinds=("review.started",), issue=event.issue)
    began = next((each for each in newest_events(store, wanted, before=event.seq) if each.job == event.job), None)
    if began is None:
        return
    trace = identity.trace_id(loop, event.job)
    verdict = Moment(
        name=names.EVALUATION_EVENT,
        at=event.at,
        attributes={names.EVALUATION: names.REVIEW, names.EVALUATION_LABEL: str(event.data["overall"])},
    )
    yield Span(
        name=names.REVIEW,
        trace=trace,
        span=identity.span_id(trace, "review", began.seq),
        parent=identity.job_span(trace),
        start=began.at,
        end=event.at,
        attributes={
            names.HEAD_REVISION: str(event.data["head_sha"]),
            names.CONVERSATION: event.session or "",
            names.FORGE_FINDINGS: int(event.data["findings"]),
            names.FORGE_OUTCOME: str(event.data["overall"]),
            **_whose(event),
        },
        moments=(verdict,),
    )


def _job(job: Job, event: Recorded, loop: str) -> Span:
    trace = identity.trace_id(loop, job.id)
    attributes: dict[str, Value] = {
        names.OPERATION: "invoke_workflow",
        names.AGENT: names.ISSUE_AGENT,
        names.HEAD_NAME: job.branch,
        names.FORGE_OUTCOME: str(job.state),
        **_whose(event),
    }
    if job.pull_request is not None:
        attributes[names.CHANGE] = str(job.pull_request)
    error = str(job.state) if job.state in (JobState.GIVEN_UP, JobState.HANDED_OVER) else ""
    return Span(
        name=names.WORKFLOW,
        trace=trace,
        span=identity.job_span(trace),
        parent=None,
        start=job.created_at,
        end=event.at,
        attributes=attributes | ({names.ERROR: error} if error else {}),
        error=error,
    )


def _whose(event: Recorded) -> dict[str, Value]:
    """The ids that stand in the event."""
    found = {names.FORGE_ISSUE: event.issue, names.FORGE_JOB: event.job, names.FORGE_ATTEMPT: event.attempt}
    return {name: value for name, value in found.items() if value is not None}
