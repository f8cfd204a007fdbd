"""What came of an attempt, in figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.domain.session import Role
from forge_loop.store import Store, open_store
from forge_loop_observability.replay.measured import Measured, Spread, changed_files, measure, spread, spreads
from support.samples import NOW
from support.stored import stored_attempt, stored_job

DIFF = """\
diff --git a/old.txt b/new.txt
--- a/old.txt
+++ b/new.txt
@@ -1,2 +1,2 @@
-one
+two
+three
 same
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -0,0 +1 @@
+x = 1
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = Database(tmp_path / "state.db", durability="normal")
    yield open_store(database)
    database.close()


def measured(store: Store, *, seconds: float = 10.0, diff: str | None = DIFF) -> Measured:
    end = NOW + timedelta(seconds=seconds)
    attempt = stored_attempt(store, stored_job(store), ended_at=end, outcome="merged")
    for role, took in ((Role.WORKER, 4), (Role.WORKER, 2), (Role.CRITIC, 1)):
        store.sessions.insert(
            session="s",
            job=attempt.job,
            attempt=attempt.id,
            role=role,
            round=0,
            purpose="begin",
            head_sha=None,
            brief_sha256="b",
            model="m",
            transcript="t",
            started_at=NOW,
            ended_at=NOW + timedelta(seconds=took),
            turns=1,
            tokens_out=5,
        )
    common = {"job": attempt.job, "attempt": attempt.id, "output": "", "seconds": 0.1, "at": NOW}
    store.checks.insert(command="a", passed=False, status=1, head_sha="1", base_sha="b", **common)
    store.checks.insert(command="a", passed=True, status=0, head_sha="2", base_sha="b", **common)
    store.checks.insert(command="b", passed=False, status=1, head_sha="2", base_sha="b", **common)
    return measure(store, attempt, reason="r", diff=diff)


def test_the_sessions_of_an_attempt_are_added_up_by_role(store: Store) -> None:
    run = measured(store)
    assert (run.outcome, run.seconds) == ("merged", 10.0)
    assert run.sessions == {"worker": 2, "critic": 1}
    assert run.session_seconds == {"worker": 6.0, "critic": 1.0}
    assert (run.turns, run.tokens_out) == (3, 15)


def test_only_the_checks_on_the_last_candidate_count(store: Store) -> None:
    assert measured(store).checks == {"a": True, "b": False}


def test_a_diff_is_counted_without_its_headings(store: Store) -> None:
    run = measured(store)
    assert (run.files, run.added, run.removed) == (("a.py", "new.txt"), 3, 1)
    assert changed_files("") == ()


def test_a_candidate_that_is_no_longer_kept_is_not_a_change_of_nothing(store: Store) -> None:
    run = measured(store, diff=None)
    assert (run.files, run.added, run.removed) == (None, None, None)
    assert spreads([run], Role.WORKER)["lines_changed"] is None


def test_several_runs_have_a_spread(store: Store) -> None:
    runs = [measured(store, seconds=seconds) for seconds in (30.0, 10.0, 14.0)]
    found = spreads(runs, Role.WORKER)
    assert found["outcomes"] == {"merged": 3}
    assert found["seconds"] == Spread(least=10.0, middle=14.0, most=30.0)
    assert spread([1, 2]) == Spread(least=1, middle=1.5, most=2)
