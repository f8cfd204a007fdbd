"""What happened, shown: attempts, logs, diff, critic, events, queue, backup, briefs."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.domain.events import JobMerged, JobQueued
from forge_loop.domain.job import JobState
from forge_loop.queue import SQLiteQueue
from support.command_line import AT, Place, seed_attempt, seed_candidate, seed_job


@pytest.fixture(autouse=True)
def set_up(place: Place) -> None:
    place.init()


@pytest.fixture
def transcript(place: Place) -> Path:
    """The transcript of a job with a candidate, an attempt and a verdict."""
    base, candidate = seed_candidate(place)
    return seed_attempt(place, seed_job(place, base_sha=base, head_sha=candidate))


def record(place: Place, *lines: str) -> None:
    with place.store() as store, store.transaction():
        for number, title in enumerate(lines, start=1):
            store.events.append(JobQueued(title=title, priority=2), at=AT, issue=number, job=number)


def test_attempts_shows_what_each_took_and_where_work_is_saved(place: Place, transcript: Path) -> None:
    place.layout.salvaged.mkdir()
    saved = place.layout.salvaged / "1-1-1.tar.gz"
    saved.write_bytes(b"")
    (line,) = place.run("attempts", "1").lines
    assert line.split("\t")[0:2] == ["#1", "1"]
    assert line.endswith(f"so far [uncommitted work: {saved}]")
    assert place.run("attempts", "2").lines == []
    (shape,) = place.run("attempts", "--json").document["attempts"]
    assert (shape["issue"], shape["salvaged"]) == (1, str(saved))
    assert [(each["role"], each["model"], each["brief"]) for each in shape["sessions"]] == [("worker", "m", "b" * 64)]
    assert (shape["models"], shape["briefs"], shape["tool_calls"], shape["tokens"]) == (["m"], ["b" * 64], 0, 0)
    assert (shape["approval"], shape["workspace"]) == (1, None)
    work = place.layout.workspace(1, 1, "work")
    work.mkdir(parents=True)
    (shape,) = place.run("attempts", "--json").document["attempts"]
    assert shape["workspace"] == str(work)


def test_critic_shows_verdicts_with_their_findings(place: Place, transcript: Path) -> None:
    lines = place.run("critic", "1").lines
    assert lines[0].startswith("round 0: request_changes of ")
    assert lines[1:] == [
        "  [1] sev2 tests hello.txt:3: not tested",
        "  [2] sev3 tests: a nit (closed)",
        "  read: hello.txt",
    ]
    (review,) = place.run("critic", "1", "--json").document["reviews"]
    assert [finding["severity"] for finding in review["findings"]] == ["sev2", "sev3"]


def test_diff_shows_what_the_candidate_changes(place: Place, transcript: Path) -> None:
    assert "+hello" in place.run("diff", "1").lines
    shape = place.run("diff", "1", "--json").document
    assert "+hello" in shape["diff"].splitlines()


def test_diff_before_there_is_a_candidate_says_so(place: Place) -> None:
    seed_job(place)
    said = place.run("diff", "1")
    assert said.status == 2
    assert "no candidate yet" in said.stderr


def test_logs_reads_transcripts_aloud_and_leaves_a_torn_line_for_later(place: Place, transcript: Path) -> None:
    say = {"at": "2026-01-31T12:00:00+00:00", "role": "worker", "type": "assistant"}
    whole = json.dumps({**say, "content": [{"type": "text", "text": "I begin.\x1b[31m"}]})
    transcript.write_text(f'{whole}\n{{"type": "torn')
    (line,) = place.run("logs", "1").lines
    assert line.endswith(" worker says: I begin.\\x1b[31m")
    assert place.run("logs", "1", "--json").stdout == whole + "\n"


def test_logs_of_a_session_that_said_nothing_says_that(place: Place, transcript: Path) -> None:
    said = place.run("logs", "1", "--role", "worker")
    assert (said.status, said.stdout) == (0, "")
    assert "has said anything yet" in said.stderr


def test_following_the_logs_of_a_job_that_ended_ends(place: Place) -> None:
    path = seed_attempt(place, seed_job(place, state=JobState.MERGED))
    path.write_text('{"type": "result", "subtype": "success"}\n')
    assert place.run("logs", "1", "-f").lines == ["--:--:-- ? ended: success"]


def test_events_prints_the_lines_as_they_are(place: Place) -> None:
    record(place, "one", "two \u202e")
    with place.store() as store:
        lines = [event.line() for event in store.events.after(0)]
    assert place.run("events").lines == lines


def test_events_are_chosen_by_number_issue_and_kind(place: Place) -> None:
    record(place, "one", "two", "three")
    with place.store() as store, store.transaction():
        store.events.append(JobMerged(commit="c", pull_request=1), at=AT, issue=1, job=1)

    def chosen(*words: str) -> list[int]:
        return [json.loads(line)["seq"] for line in place.run("events", *words).lines]

    assert chosen() == [1, 2, 3, 4]
    assert chosen("-n", "2") == [3, 4]
    assert chosen("-n", "0") == []
    assert chosen("--issue", "1") == [1, 4]
    assert chosen("--kind", "job.merged") == [4]
    assert chosen("--kind", "job") == [1, 2, 3, 4]
    assert chosen("--kind", "job.*", "--issue", "2") == [2]
    assert chosen("--kind", "jo") == []


def test_events_before_any_loop_are_none(place: Place) -> None:
    assert (place.run("events").status, place.run("events").stdout) == (0, "")


def dead_entry(place: Place) -> int:
    """An entry that was delivered as often as it may be."""
    place.state.mkdir(mode=0o700, exist_ok=True)
    with place.store():
        pass
    database = Database(place.layout.database)
    try:
        queue = SQLiteQueue(database, max_deliveries=1)
        queue.push({"job": 1}, key="job:1")
        delivery = queue.pop()
        assert delivery is not None
        queue.nack(delivery, reason="no")
        queue.close()
        return delivery.job_id
    finally:
        database.close()


def test_a_dead_entry_is_listed_and_put_back(place: Place) -> None:
    entry = dead_entry(place)
    assert [line.split("\t")[:3] for line in place.run("queue", "dead").lines] == [[str(entry), "dead", "job:1"]]
    assert place.run("queue", "requeue", str(entry)).stdout == f"entry {entry} is ready\n"
    assert place.run("queue", "dead").stdout == ""
    (shape,) = place.run("queue", "list", "--json").document["entries"]
    assert (shape["state"], shape["payload"]) == ("ready", {"job": 1})


def test_an_entry_that_is_not_dead_is_not_requeued(place: Place) -> None:
    said = place.run("queue", "requeue", "5")
    assert said.status == 1
    assert said.stderr.endswith("hint: forge-loop queue dead\n")


def test_a_backup_is_a_whole_database(place: Place, tmp_path: Path) -> None:
    record(place, "one")
    target = tmp_path / "copy.db"
    assert place.run("backup", str(target)).stdout == f"{target}\n"
    with sqlite3.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)
    connection.close()
    assert place.run("backup", str(target)).status == 2
    assert place.run("backup", str(target), "--force").status == 0


@pytest.mark.parametrize("name", ["state.db", "workspaces"])
def test_a_backup_never_lands_in_the_state_directory(place: Place, name: str) -> None:
    record(place, "one")
    assert place.run("backup", str(place.state / name), "--force").status == 2


def test_a_backup_of_nothing_is_an_operators_error(place: Place, tmp_path: Path) -> None:
    assert place.run("backup", str(tmp_path / "copy.db")).status == 2


def test_a_brief_is_ejected_once_and_then_used(place: Place) -> None:
    path = Path(place.run("brief", "eject", "critic").stdout.strip())
    assert path == place.project / ".forge-loop" / "briefs" / "critic.md.tmpl"
    path.write_text(path.read_text() + "\nBe kind.\n")
    assert place.run("brief", "show", "critic").stdout.endswith("Be kind.\n")
    assert place.run("brief", "show", "critic", "--json").document["text"].endswith("Be kind.\n")
    assert place.run("brief", "eject", "critic").status == 2
    ejected = place.run("brief", "eject", "po", "--json").document
    assert ejected == {"schema_version": 1, "role": "po", "file": str(path.with_name("po.md.tmpl"))}
    origins = {row["role"]: row["origin"] for row in place.run("brief", "list", "--json").document["briefs"]}
    assert origins["critic"] == str(path)
    assert origins["worker"] == "built in"


def test_a_brief_with_an_unknown_name_fails_the_check(place: Place) -> None:
    path = Path(place.run("brief", "eject", "po").stdout.strip())
    path.write_text("{{ nonsense }}\n")
    said = place.run("brief", "check")
    assert said.status == 2
    assert "'nonsense'" in said.stderr


def test_the_workers_brief_of_an_issue_without_a_job_holds_its_text(place: Place) -> None:
    place.tracker.add("Say hello", "In English, please.")
    said = place.run("brief", "render", "worker", "1")
    assert said.status == 0, said.stderr
    assert "In English, please." in said.stdout
    assert "forge/1-" in said.stdout
    assert not place.layout.database.exists()


def test_the_critics_brief_holds_the_candidates_diff(place: Place, transcript: Path) -> None:
    assert "+hello" in place.run("brief", "render", "critic", "1").lines


def test_a_role_that_is_told_of_no_one_issue_is_refused(place: Place) -> None:
    place.tracker.add("Say hello", "please")
    assert place.run("brief", "render", "maintenance", "1").status == 2
