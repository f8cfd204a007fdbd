"""The JSON API, version 1: the same facts as the screens, for programs that hold the token.

Owns: the addresses under /api/v1 and their shapes; fields are only ever added. Must not: judge, or shape a fact in
another way than the command line's `--json` does.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import PlainTextResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from forge_loop import OperatorError, Recorded, __version__
from forge_loop.extension import Job, rfc3339
from forge_loop.status import NodeStatus, explain_issue, explain_shape, read, read_nodes, status_shape
from forge_loop.status.candidate import candidate_diff
from forge_loop.status.history import Wanted, events_after, newest_events
from forge_loop.status.ledger import entries, entry_shape
from forge_loop.status.requests import Asked, asked, one_asked
from forge_loop.status.transcript import lines_before
from forge_loop.status.verdicts import verdict_shape, verdicts
from forge_loop_dashboard import controls
from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.look import Look
from forge_loop_dashboard.pulse import Pulse
from forge_loop_dashboard.views import issues, queue

PREFIX = "/api/v1"
CAP = 500
HEARTBEAT_SECONDS = 10.0

Number = Annotated[int, InPath(ge=1, le=2**31 - 1)]
Before = Annotated[int | None, Query(ge=1, le=2**53, description="the last one of the page before")]
Limit = Annotated[int, Query(ge=1, le=CAP)]


class Ask(BaseModel):
    """One request, or one for each issue. `duration` is `30m`, `2h`; `sha256` that of the text that is approved;
    `node` the one of the pipeline that asks for a person's word, where more than one does.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "pause",
        "resume",
        "stop",
        "retry",
        "kill",
        "skip",
        "approve",
        "requeue",
        "maintenance.run",
        "maintenance.apply",
        "pipeline.approve",
        "pipeline.refuse",
    ]
    issues: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=controls.MOST_CHOSEN)
    entries: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=controls.MOST_CHOSEN)
    proposals: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=controls.MOST_CHOSEN)
    reason: str = Field(default="", max_length=controls.LONGEST_REASON)
    duration: str = Field(default="", max_length=20)
    now: bool = False
    sha256: str = Field(default="", max_length=64)
    accept_hidden: bool = False
    node: str = Field(default="", max_length=controls.LONGEST_NODE)


def api(desk: Desk, *, read_only: bool) -> FastAPI:
    """An application of its own, with its OpenAPI document at `openapi.json`."""
    app = FastAPI(
        title="forge-loop dashboard",
        version="1",
        description="What the loop does, and what can be asked of it. Give the token: Authorization: Bearer TOKEN.",
        docs_url=None,
        redoc_url=None,
    )
    _loop(app, desk)
    _issues(app, desk)
    _events(app, desk)
    _requests(app, desk, read_only)
    return app


def _document(**fields: object) -> dict[str, object]:
    return {"schema_version": 1, **fields}


def _loop(app: FastAPI, desk: Desk) -> None:
    @app.get("/state")
    def state() -> dict[str, Any]:
        """What the loop does: as `forge-loop status --json`."""
        return {**status_shape(read(desk.project.layout.root, now=desk.now())), "version": __version__}

    @app.get("/queue")
    def queue_entries() -> dict[str, Any]:
        """The entries of the queue."""
        found = queue.entries(desk)
        return _document(
            entries=[
                {
                    "entry": entry.job_id,
                    "state": str(entry.state),
                    "key": entry.key,
                    "priority": entry.priority,
                    "deliveries": entry.deliveries,
                    "due": _time(entry.due),
                }
                for entry in found
            ]
        )


def _issues(app: FastAPI, desk: Desk) -> None:
    @app.get("/issues")
    def list_issues(q: str = "", before: Before = None, limit: Limit = 50) -> dict[str, Any]:
        """The newest job of each issue, newest first. `q` as in the page's search: `state:cooling issue:4 words`."""
        search, jobs, after = issues.page(_look(desk, q, before), limit)
        if search.unknown:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"{search.unknown[0]!r} means nothing here")
        return _document(issues=[job_shape(job) for job in jobs], after=after)

    @app.get("/issues.csv", response_class=PlainTextResponse)
    def issues_as_csv(q: str = "", before: Before = None, limit: Limit = CAP) -> PlainTextResponse:
        """The same as CSV."""
        _, jobs, _ = issues.page(_look(desk, q, before), limit)
        out = io.StringIO()
        names = list(job_shape(jobs[0])) if jobs else ["issue"]
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in job_shape(job).items()} for job in jobs)
        return PlainTextResponse(out.getvalue(), media_type="text/csv; charset=utf-8")

    @app.get("/issues/{number}")
    def issue(number: Number) -> dict[str, Any]:
        """One issue: why it does or does not run, its job, attempts, verdicts and requests."""
        project = desk.project
        said = explain_issue(project.layout.root, number, desk.issue(number), project.settings, now=desk.now())
        job, attempts, nodes, reviews, requests = None, [], [], [], []
        with desk.store() as store:
            if store is not None:
                job = store.jobs.newest_by_number(number)
                attempts = [entry_shape(entry) for entry in entries(store, project.layout, issue=number)]
                nodes = [node_shape(each) for each in read_nodes(store, job)] if job is not None else []
                reviews = [verdict_shape(each) for each in verdicts(store, job)] if job is not None else []
                requests = [request_shape(each) for each in asked(store, issue=number)]
        return {
            **explain_shape(said),
            "job": job_shape(job) if job is not None else None,
            "attempts": attempts,
            "nodes": nodes,
            "reviews": reviews,
            "requests": requests,
        }

    @app.get("/issues/{number}/diff", response_class=PlainTextResponse)
    def diff(number: Number) -> PlainTextResponse:
        """The unified diff of its candidate."""
        with desk.store() as store:
            job = store.jobs.newest_by_number(number) if store is not None else None
        if job is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"#{number} has no job")
        return PlainTextResponse(candidate_diff(desk.project.layout, job))

    @app.get("/sessions/{number}/transcript")
    def transcript(number: Number, before: Before = None, limit: Limit = 100) -> dict[str, Any]:
        """The last lines of a session's transcript; `before` is the `start` of the page that follows."""
        with desk.store() as store:
            rows = store.sessions.select("id = ?", number) if store is not None else []
        if not rows:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no session {number}")
        window = lines_before(Path(rows[0].transcript), before, limit)
        return _document(session=number, lines=[_parsed(line) for line in window.lines], start=window.start)


def _events(app: FastAPI, desk: Desk) -> None:
    @app.get("/events")
    def events(
        kind: Annotated[list[str] | None, Query(max_length=20)] = None,
        issue: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        before: Before = None,
        limit: Limit = 100,
    ) -> dict[str, Any]:
        """Events as in `events.jsonl`: the newest first, or with `after` those that follow it, oldest first."""
        wanted = Wanted(kinds=tuple(kind or ()), issue=issue)
        with desk.store() as store:
            if store is None:
                return _document(events=[])
            if after is not None:
                found = events_after(store, after, wanted, limit=limit)
            else:
                found = newest_events(store, wanted, before=before, limit=limit)
        return _document(events=[json.loads(event.line()) for event in found])

    # Not as the response class: FastAPI would take the function for the generator that it returns.
    @app.get("/events/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def stream(request: Request, last_event_id: Annotated[str | None, Header()] = None) -> Response:
        """Every event as it happens, `id:` its seq. With Last-Event-ID those that were missed come first; more than
        500 of them are left out, and an event named `gap` says after which seq."""
        pulse: Pulse = request.app.state.pulse
        given = last_event_id or ""
        start = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
        return EventSourceResponse(_follow(desk, pulse, start), headers={"x-accel-buffering": "no"})


async def _follow(desk: Desk, pulse: Pulse, start: int | None) -> AsyncIterator[bytes]:
    pulse.follow()
    try:
        newest = await run_in_threadpool(_newest, desk)
        seq = newest if start is None else min(start, newest)
        if newest - seq > CAP:
            seq = newest - CAP
            yield format_sse_event(data_str=json.dumps({"after": seq}), event="gap")
        yield format_sse_event(comment="following")
        while not pulse.closing:
            found = await run_in_threadpool(_after, desk, seq)
            for event in found:
                seq = event.seq
                yield format_sse_event(data_str=event.line(), id=str(seq))
            if not found:
                before = pulse.count
                await pulse.beat(HEARTBEAT_SECONDS)
                if pulse.count == before:
                    yield format_sse_event(comment="still here")
    finally:
        pulse.leave()


def _newest(desk: Desk) -> int:
    with desk.store() as store:
        return store.events.newest() if store is not None else 0


def _after(desk: Desk, seq: int) -> list[Recorded]:
    with desk.store() as store:
        return events_after(store, seq, Wanted()) if store is not None else []


def _requests(app: FastAPI, desk: Desk, read_only: bool) -> None:
    @app.get("/requests")
    def list_requests(before: Before = None, limit: Limit = 50) -> dict[str, Any]:
        """What was asked of the loop, newest first, and how far each has come."""
        with desk.store() as store:
            rows = asked(store, before=before, limit=limit) if store is not None else []
        return _document(requests=[request_shape(each) for each in rows])

    @app.get("/requests/{number}")
    def request(number: Number) -> dict[str, Any]:
        """One of them."""
        with desk.store() as store:
            found = one_asked(store, number) if store is not None else None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no request {number}")
        return _document(**request_shape(found))

    @app.post("/requests", status_code=HTTPStatus.ACCEPTED)
    def ask(given: Ask) -> dict[str, Any]:
        """Ask something of the loop. It is answered later: look at the requests that were made."""
        if read_only:
            raise HTTPException(HTTPStatus.FORBIDDEN, "this dashboard only shows: it was started with --read-only")
        wish = controls.Wish(
            kind=given.kind,
            issues=[str(number) for number in given.issues],
            entries=[str(number) for number in given.entries],
            proposals=[str(number) for number in given.proposals],
            reason=given.reason,
            duration=given.duration,
            now=given.now,
            sha256=given.sha256,
            accept_hidden=given.accept_hidden,
            node=given.node,
        )
        puts = controls.ask(desk, wish, by="the dashboard's API")
        refused = next((put for put in puts if put.problem), None)
        if refused is not None and len(puts) == 1:
            raise OperatorError(refused.problem, hint=refused.hint)
        return _document(
            requests=[
                {"request": put.number, "kind": put.kind, "issue": put.issue, "problem": put.problem or None}
                for put in puts
            ],
            loop_running=any(put.running for put in puts),
        )


def job_shape(job: Job) -> dict[str, object]:
    """A job as this API tells of it."""
    return {
        "issue": job.issue,
        "job": job.id,
        "title": job.title,
        "state": str(job.state),
        "reason": job.reason,
        "attempts": job.attempts,
        "round": job.round,
        "priority": job.priority,
        "pull_request": job.pull_request,
        "base": job.base_sha,
        "head": job.head_sha,
        "merged": job.merged_sha,
        "not_before": _time(job.not_before),
        "created_at": _time(job.created_at),
        "updated_at": _time(job.updated_at),
    }


def node_shape(each: NodeStatus) -> dict[str, object]:
    return {**asdict(each), "started": _time(each.started), "ended": _time(each.ended)}


def request_shape(each: Asked) -> dict[str, object]:
    shape = asdict(each)
    return {
        "request": shape.pop("id"),
        **shape,
        "progress": str(each.progress),
        "at": rfc3339(each.at),
        "answered_at": _time(each.answered_at),
    }


def _look(desk: Desk, q: str, before: int | None) -> Look:
    return Look(desk=desk, query={"q": q, **({"before": str(before)} if before is not None else {})})


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return {"type": "unreadable", "text": line}


def _cell(value: object) -> object:
    """A spreadsheet runs a cell that begins like a formula; text from outside must not."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _time(value: datetime | None) -> str | None:
    return rfc3339(value) if value is not None else None
