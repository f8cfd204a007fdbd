"""The command line in this process, on a project and a home of its own.

Owns: running one command line with captured streams, and rows as a loop leaves them. Must not: fake anything that the
commands use.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forge_loop.cli.main import main
from forge_loop.config.layout import StateLayout
from forge_loop.database import Database
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.severity import Severity
from forge_loop.forge.local import BacklogTracker
from forge_loop.git import ControlRepository
from forge_loop.queue import SQLiteQueue
from forge_loop.store import Store, open_store
from support.repositories import commit, head, make_bare, make_checkout

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one command line printed and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*words: str, terminal: bool = False) -> Said:
    """Run one command line; `terminal` makes it believe that a person reads."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    return Said(status=status, stdout=out.getvalue(), stderr=err.getvalue())


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A project with one commit, and where its state is kept."""

    project: Path
    state: Path

    @property
    def layout(self) -> StateLayout:
        return StateLayout(self.state)

    @property
    def tracker(self) -> BacklogTracker:
        return BacklogTracker(self.project)

    @property
    def words(self) -> tuple[str, ...]:
        """What every command line here ends with."""
        return "-C", str(self.project), "--state-dir", str(self.state)

    def run(self, *words: str, terminal: bool = False) -> Said:
        return run(*words, *self.words, terminal=terminal)

    def init(self) -> None:
        said = self.run("init", "--yes")
        assert said.status == 0, said.stderr

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The loop's rows, for writing."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        database = Database(self.layout.database)
        try:
            SQLiteQueue(database, max_deliveries=None)
            yield open_store(database)
        finally:
            database.close()

    def requests(self) -> list[tuple[str, int | None, dict[str, Any]]]:
        with self.store() as store:
            return [(row.kind, row.issue, row.detail) for row in store.requests.select()]


def make_place(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A project in `directory`, with an environment that holds nothing of the machine's but PATH."""
    home = directory / "home"
    home.mkdir()
    for name in ("FORGE_LOOP_STATE_DIR", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "ANTHROPIC_API_KEY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(directory / "states"))
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "a-token-that-is-never-sent")
    return Place(project=make_checkout(directory / "project"), state=directory / "state")


def seed_job(place: Place, issue: int = 1, *, state: JobState = JobState.WORKING, **changes: Any) -> Job:
    """A job of an issue as intake leaves it, moved to `state` without a history. The issue is written if need be."""
    known = {found.number: found for found in place.tracker.open_issues()}
    while issue not in known:
        place.tracker.add("Say hello", "It should say hello.")
        known = {found.number: found for found in place.tracker.open_issues()}
    found = known[issue]
    with place.store() as store:
        approval = store.approvals.insert(
            issue=issue, issue_key=found.key, actor="me", at=AT, sha256=found.sha256, title=found.title, body=found.body
        )
        job = store.jobs.create(found, approval, at=AT)
        return store.jobs.update(job.id, state=state, **changes)


def seed_attempt(place: Place, job: Job) -> Path:
    """An attempt with one worker's session and one critic's verdict of two findings; the worker's transcript."""
    transcript = place.layout.transcripts / f"{job.issue}-{job.id}" / "worker-s1.jsonl"
    transcript.parent.mkdir(parents=True)
    with place.store() as store:
        attempt = store.attempts.insert(
            job=job.id,
            issue=job.issue,
            number=1,
            base_sha=job.base_sha,
            head_sha=job.head_sha,
            started_at=AT,
            note="so far",
        )
        store.jobs.update(job.id, attempt=attempt.id)
        common = {"job": job.id, "attempt": attempt.id, "round": 0, "head_sha": job.head_sha, "brief_sha256": "b" * 64}
        ended = {"model": "m", "started_at": AT, "ended_at": AT, "outcome": SessionOutcome.DONE}
        store.sessions.insert(
            session="s1", role=Role.WORKER, purpose="begin", transcript=str(transcript), **common, **ended
        )
        review = store.reviews.insert(
            job=job.id,
            attempt=attempt.id,
            session="s2",
            round=0,
            head_sha=job.head_sha or "",
            base_sha=job.base_sha or "",
            brief_sha256="b" * 64,
            snapshot_sha256="c" * 64,
            overall=Overall.REQUEST_CHANGES,
            approves=False,
            reviewed=("hello.txt",),
            at=AT,
        )
        finding = {"job": job.id, "review": review.id, "category": Category.TESTS}
        store.findings.insert(severity=Severity.SEV2, file="hello.txt", line=3, message="not tested", **finding)
        store.findings.insert(severity=Severity.SEV3, file=None, line=None, message="a nit", closed_at=AT, **finding)
    return transcript


def seed_candidate(place: Place) -> tuple[str, str]:
    """Two commits in `control.git`: base, and a candidate that adds hello.txt."""
    before = head(place.project)
    after = commit(place.project, {"hello.txt": "hello\n"}, "Say hello")
    place.state.mkdir(mode=0o700, exist_ok=True)
    bare = make_bare(place.state.parent / "candidate.git", place.project)
    ControlRepository(place.layout.control, str(bare)).fetch()
    return before, after
