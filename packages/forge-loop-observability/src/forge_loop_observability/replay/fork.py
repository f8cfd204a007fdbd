"""A past session's work, done again with another brief or another model, and laid beside what came of it then.

Owns: the runs, their comparison and where the results are kept: `replay/` in the state directory, a directory for each
fork. Must not: write to the loop's rows, or keep a throw-away place once its run is over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from pathlib import Path

from forge_loop import OperatorError
from forge_loop.extension import (
    Job,
    Project,
    RecordedOrder,
    Role,
    Stopping,
    Store,
    Trial,
    Until,
    current_branch,
    past_diff,
    rfc3339,
    taken_up,
)
from forge_loop_observability.replay.measured import Measured, measure, spreads
from forge_loop_observability.replay.past import PastSession

DIRECTORY = "replay"
SCRATCH = "scratch"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`brief` is the text of a template, `model` a model's name; None leaves what was used. `runs` is at least 1."""

    brief: str | None
    model: str | None
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Forked:
    """`place` holds `result.json`, and for each run its diff and its transcripts. `interrupted`: some are missing."""

    place: Path
    session: str
    number: int
    role: Role
    model: str
    brief_sha256: str | None
    original: Measured
    runs: tuple[Measured, ...]
    interrupted: bool

    def shape(self) -> dict[str, object]:
        return {
            "place": str(self.place),
            "session": self.session,
            "number": self.number,
            "role": str(self.role),
            "model": self.model,
            "brief_sha256": self.brief_sha256,
            "original": asdict(self.original),
            "runs": [asdict(run) for run in self.runs],
            "spread": _plain(spreads(self.runs, self.role)) if self.runs else None,
            "interrupted": self.interrupted,
        }


def fork(
    past: PastSession,
    store: Store,
    project: Project,
    wanted: Wanted,
    *,
    environ: Mapping[str, str],
    now: datetime,
    say: Callable[[str], None],
) -> Forked:
    """Run it again so many times, one after the other. Raises OperatorError for what cannot be run again."""
    order, job = _needed(past, store)
    place = _place(project.layout.root, past, now)
    original = _original(past, store, project)
    runs: list[Measured] = []
    with _kept(place) as interrupted:
        for number in range(1, wanted.runs + 1):
            say(f"run {number} of {wanted.runs}")
            run = _run(place, number, _trial(place, order, job, store, project, wanted), environ, say)
            if run is None:
                interrupted.append(number)
                break
            runs.append(run)
            say(f"run {number}: {run.outcome}, {run.reason}")
        made = Forked(
            place=place,
            session=past.row.session,
            number=past.row.id,
            role=Role(order.role),
            model=wanted.model or order.model,
            brief_sha256=hashlib.sha256(wanted.brief.encode()).hexdigest() if wanted.brief is not None else None,
            original=original,
            runs=tuple(runs),
            interrupted=bool(interrupted),
        )
        (place / "result.json").write_text(json.dumps({"schema_version": 1, **made.shape()}, indent=2) + "\n")
    return made


def _needed(past: PastSession, store: Store) -> tuple[RecordedOrder, Job]:
    order = past.order
    if order is None:
        raise OperatorError(
            f"what session {past.row.id} was told is no longer there",
            hint="retention.transcripts says how long it stays",
        )
    if past.row.job is None or past.row.attempt is None:
        raise OperatorError("a maintenance session works on no issue", hint="forge-loop replay list --role worker")
    return order, store.jobs.get(past.row.job)


def _trial(place: Path, order: RecordedOrder, job: Job, store: Store, project: Project, wanted: Wanted) -> Trial:
    approval = store.approvals.get(job.approval)
    scratch = place / SCRATCH
    scratch.mkdir(mode=0o700)
    return Trial(
        place=scratch,
        project=project.directory,
        control=project.layout.control,
        settings=project.settings,
        base=project.settings.base or current_branch(project.directory),
        title=approval.title,
        text=job.spec or approval.body,
        hidden_accepted=approval.hidden_accepted,
        order=order,
        lines_changed=job.lines_changed,
        brief=wanted.brief,
        model=wanted.model,
    )


def _run(
    place: Path, number: int, trial: Trial, environ: Mapping[str, str], say: Callable[[str], None]
) -> Measured | None:
    """One run, measured; None if the operator ended it."""

    def warn(where: str, error: Exception) -> None:
        say(f"warning: {where}: {error}")

    try:
        with taken_up(trial, environ=environ, on_fault=warn) as loop:
            with Stopping(loop.runner.stop) as stopping:
                loop.runner.run(Until(idle=True))
            if stopping.interrupted:
                return None
            store = loop.context.store
            job, attempt = store.jobs.last("1"), store.attempts.last("1")
            if job is None or attempt is None:
                raise OperatorError(f"the run began no attempt: {_why(store)}")
            diff = past_diff(trial.layout.control, base_sha=attempt.base_sha, head_sha=job.head_sha)
            run = measure(store, attempt, reason=job.reason or _why(store), diff=diff)
        if diff is not None:
            (place / f"run-{number}.diff").write_text(diff, encoding="utf-8", errors="surrogateescape")
        _keep_transcripts(trial.layout.transcripts, place / f"run-{number}")
        return run
    finally:
        shutil.rmtree(trial.place, ignore_errors=True)


def _why(store: Store) -> str:
    """Why nothing moves: the loop was halted, or the issue was not taken in."""
    loop = store.loop()
    refused = [event for event in store.events.after(0) if event.kind == "issue.refused"]
    said = "; ".join(refused[-1].data["reasons"]) if refused else ""
    return loop.halt_reason or loop.park_reason or said or "the loop rests"


def _original(past: PastSession, store: Store, project: Project) -> Measured:
    attempt = store.attempts.get(past.row.attempt or 0)
    head = past.row.head_sha if past.row.role is Role.CRITIC else attempt.head_sha
    diff = past_diff(project.layout.control, base_sha=attempt.base_sha, head_sha=head)
    return measure(store, attempt, reason=attempt.note, diff=diff)


def _keep_transcripts(transcripts: Path, into: Path) -> None:
    if transcripts.is_dir():
        shutil.copytree(transcripts, into)


def _place(root: Path, past: PastSession, now: datetime) -> Path:
    stamp = rfc3339(now).translate(str.maketrans("", "", "-:.TZ"))
    place = root / DIRECTORY / f"{past.row.id}-{stamp}"
    place.mkdir(mode=0o700, parents=True)
    return place


@contextmanager
def _kept(place: Path) -> Iterator[list[int]]:
    """Where nothing came of it nothing is left."""
    try:
        yield []
    finally:
        shutil.rmtree(place / SCRATCH, ignore_errors=True)
        if not any(place.iterdir()):
            place.rmdir()


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    return {
        name: asdict(entry) if is_dataclass(entry) and not isinstance(entry, type) else entry
        for name, entry in value.items()
    }
