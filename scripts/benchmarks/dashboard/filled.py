"""A project whose loop has done a great deal, written as rows at once.

Owns: those rows, in the shapes that a loop leaves. Must not: run a loop.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from sqlite3 import Connection

from forge_loop.config.layout import StateLayout
from forge_loop.config.paths import prepare_state_directory
from forge_loop.database import Database
from forge_loop.queue import SQLiteQueue
from forge_loop.store import open_store

SETTINGS = "forge: local\nbase: main\nchecks: ['true']\n"
STATES = ("merged", "merged", "merged", "merged", "merged", "merged", "handed_over", "given_up", "cancelled", "cooling")
ISSUE = """---
id: TASK-{number}
title: Make thing {number} fast
status: To Do
created_date: '2026-01-31 12:00'
labels: []
---

"""
BODY = "## Problem\n\nIt is slow.\n\n## Acceptance criteria\n\n- it is fast\n"
# What a job leaves, in order; the rest of its events are activities of its sessions.
STORY = ("issue.approved", "job.queued", "job.claimed", "job.advanced", "attempt.started", "session.started")


def project(place: Path, *, backlog: int) -> Path:
    """A repository with so many open issues that nobody has approved."""
    found = place / "project"
    tasks = found / "backlog" / "tasks"
    tasks.mkdir(parents=True)
    for number in range(1, backlog + 1):
        text = ISSUE.format(number=number)
        (tasks / f"task-{number} - Make-thing-{number}-fast.md").write_text(text + BODY)
    (found / "forge-loop.yaml").write_text(SETTINGS)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        subprocess.run(["git", *identity, *words], cwd=found, check=True)
    return found


def fill(state: Path, *, jobs: int, events: int, transcript: int, first: int) -> None:
    """So many jobs, the issues' numbers from `first` on, with an attempt and a session each; the last session has a
    transcript of so many lines."""
    layout = StateLayout(state)
    prepare_state_directory(layout.root)
    database = Database(layout.database)
    open_store(database)
    SQLiteQueue(database)
    end = datetime.now(UTC)
    try:
        with database.transaction() as connection:
            _rows(connection, "approvals", _approvals(jobs, first, end))
            _rows(connection, "jobs", _jobs(jobs, first, end))
            _rows(connection, "attempts", _attempts(jobs, first, end))
            _rows(connection, "sessions", _sessions(jobs, end, layout.transcripts / "last.jsonl"))
            _rows(connection, "events", _events(jobs, events, first, end))
    finally:
        database.close()
    line = {"type": "assistant", "role": "worker", "content": [{"type": "text", "text": "I look at it again."}]}
    layout.transcripts.mkdir(exist_ok=True)
    with (layout.transcripts / "last.jsonl").open("w") as file:
        for number in range(transcript):
            file.write(json.dumps({**line, "at": _time(end, -number)}) + "\n")


Rows = Iterator[dict[str, object]]


def _rows(connection: Connection, table: str, rows: Rows) -> None:
    first = next(rows)
    sql = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join('?' for _ in first)})"
    connection.executemany(sql, (tuple(row.values()) for row in chain([first], rows)))


def _time(end: datetime, seconds: float) -> str:
    return (end + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ago(number: int, jobs: int) -> float:
    """Over a month, evenly."""
    return (number - jobs) * (30 * 86400.0 / jobs)


def _approvals(jobs: int, first: int, end: datetime) -> Rows:
    for number in range(1, jobs + 1):
        yield {
            **{"id": number, "issue": first + number, "issue_key": f"k{first + number}", "actor": "me"},
            **{"at": _time(end, _ago(number, jobs)), "sha256": "0" * 64, "title": _title(number), "body": BODY},
        }


def _title(number: int) -> str:
    return f"Make thing number {number} fast"


def _jobs(jobs: int, first: int, end: datetime) -> Rows:
    for number in range(1, jobs + 1):
        state = STATES[number % len(STATES)]
        at = _time(end, _ago(number, jobs))
        yield {
            **{"id": number, "issue": first + number, "issue_key": f"k{first + number}", "approval": number},
            **{"title": _title(number), "state": state, "branch": f"forge/{first + number}-{number}", "attempts": 1},
            **{"priority": 2, "interruptions": 0, "round": 0, "withheld": "[]", "lines_changed": 9},
            **{"attempt": number, "reason": f"it is {state}", "created_at": at, "updated_at": at},
            "not_before": _time(end, 3600) if state == "cooling" else None,
        }


def _attempts(jobs: int, first: int, end: datetime) -> Rows:
    for number in range(1, jobs + 1):
        at = _time(end, _ago(number, jobs))
        yield {
            **{"id": number, "job": number, "issue": first + number, "number": 1, "base_sha": "1" * 40},
            **{"started_at": at, "ended_at": at, "outcome": STATES[number % len(STATES)], "note": "done"},
            **{"charged": 1, "rounds": 0},
        }


def _sessions(jobs: int, end: datetime, transcript: Path) -> Rows:
    for number in range(1, jobs + 1):
        at = _time(end, _ago(number, jobs))
        yield {
            **{"id": number, "session": f"s{number}", "job": number, "attempt": number, "role": "worker"},
            **{"purpose": "begin", "model": "claude-opus-4-7", "brief_sha256": "2" * 64, "outcome": "done"},
            **{"started_at": at, "last_activity_at": at, "ended_at": at, "transcript": str(transcript)},
            **{"round": 0, "acted_on": 1, "detail": "", "turns": 9, "tool_calls": 8, "tokens_in": 7, "tokens_out": 6},
        }


def _events(jobs: int, events: int, first: int, end: datetime) -> Rows:
    each = max(1, events // jobs)
    for seq in range(1, events + 1):
        number, step = min((seq - 1) // each + 1, jobs), (seq - 1) % each
        kind = STORY[step] if step < len(STORY) else "session.activity"
        yield {
            **{"seq": seq, "at": _time(end, _ago(number, jobs)), "kind": kind, "repo": "bench"},
            **{"issue": first + number, "job": number, "attempt": number, "session": f"s{number}"},
            "data": json.dumps({"tool": "Bash", "detail": "make"} if step >= len(STORY) else {}),
        }
