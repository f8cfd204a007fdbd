"""`forge-loop demo` as a newcomer runs it: an empty home, the real Claude Code, one run that all tests look at."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forge_loop.cli.upkeep import UPKEEP, amiss
from forge_loop.config.layout import StateLayout
from forge_loop.domain.job import JobState
from forge_loop.rehearsal.scenes import scenes
from forge_loop.store.events import recorded

PATIENCE = 300.0
SCENES = {scene.number: scene for scene in scenes()}
MERGED = {number for number, scene in SCENES.items() if scene.expected is JobState.MERGED}

pytestmark = pytest.mark.timeout(PATIENCE + 60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """A finished demo: what it printed, and the directory it kept."""

    status: int
    stdout: str
    stderr: str
    kept: Path
    home: Path

    @property
    def shape(self) -> dict[str, Any]:
        return json.loads(self.stdout)  # type: ignore[no-any-return]

    @property
    def issues(self) -> dict[int, dict[str, Any]]:
        return {issue["issue"]: issue for issue in self.shape["issues"]}

    @property
    def origin(self) -> Path:
        return Path(self.shape["repository"])

    def events(self) -> list[dict[str, Any]]:
        text = (Path(self.shape["state_dir"]) / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def of(self, kind: str, issue: int) -> list[dict[str, Any]]:
        return [event for event in self.events() if (event["kind"], event["issue"]) == (kind, issue)]


def demo(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "forge_loop", "demo", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home.parent), **more},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def git(directory: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=directory, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    root = tmp_path_factory.mktemp("demo")
    home, kept = root / "home", root / "kept"
    home.mkdir()
    done = demo(home, "--json", "--keep", str(kept), ANTHROPIC_API_KEY="must-never-be-used")
    return Played(status=done.returncode, stdout=done.stdout, stderr=done.stderr, kept=kept, home=home)


def test_it_ends_well_and_says_so(played: Played) -> None:
    assert played.status == 0, played.stderr[-3000:]
    assert played.shape["problems"] == []
    assert played.shape["ok"] is True
    assert played.shape["tests"]["passed"] is True


def test_the_banner_comes_first_and_says_what_is_scripted(played: Played) -> None:
    first = played.stderr.splitlines()[0]
    assert first.startswith("offline rehearsal: the model is scripted, everything else is real (Claude Agent SDK, ")


def test_stdout_is_one_document_of_the_promised_shape(played: Played) -> None:
    shape = played.shape
    assert shape["schema_version"] == 1
    assert {"ok", "repository", "state_dir", "seconds", "tests", "issues"} <= set(shape)
    assert sorted(played.issues) == sorted(SCENES)
    for issue in shape["issues"]:
        assert {"issue", "title", "outcome", "commit", "rounds", "sessions", "seconds", "reason"} == set(issue)
        assert all(isinstance(spent, float) and spent >= 0 for spent in issue["seconds"].values())
        assert 0 < sum(issue["seconds"].values()) <= shape["seconds"]


def test_every_issue_ends_as_its_scene_says(played: Played) -> None:
    assert {number: issue["outcome"] for number, issue in played.issues.items()} == {
        number: str(scene.expected) for number, scene in SCENES.items()
    }


def test_main_has_one_commit_for_every_merged_issue_and_no_other(played: Played) -> None:
    log = [line.split(" ", 1) for line in git(played.origin, "log", "--format=%H %s", "main")]
    first = log.pop()
    assert first[1] == "Write shopping lists from recipes"
    assert {sha for sha, _ in log} == {played.issues[number]["commit"] for number in MERGED}
    assert sorted(subject for _, subject in log) == sorted(f"{SCENES[n].title} (#{n})" for n in MERGED)
    assert len(git(played.origin, "rev-list", "--min-parents=2", "main")) == 0


def test_every_state_that_main_was_in_passes_the_tests(played: Played, tmp_path: Path) -> None:
    for sha in git(played.origin, "rev-list", "main"):
        tree = tmp_path / sha
        git(tmp_path, "clone", "-q", "--no-checkout", str(played.origin), str(tree))
        git(tree, "checkout", "-q", sha)
        command = [sys.executable, "-B", "-m", "unittest", "-q"]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{sha}: {done.stderr}"


def test_what_the_critic_blocked_is_in_no_state_of_main(played: Played) -> None:
    for sha in git(played.origin, "rev-list", "main"):
        assert "larder/cache.py" not in git(played.origin, "ls-tree", "-r", "--name-only", sha)


def test_the_blocked_issue_is_handed_over_with_the_product_finding(played: Played) -> None:
    (blocked,) = set(SCENES) - MERGED
    assert "product: Scaffold theatre" in played.issues[blocked]["reason"]
    assert played.issues[blocked]["commit"] is None


def test_the_issue_that_was_sent_back_took_a_round_and_a_second_review(played: Played) -> None:
    overall = [event["data"]["overall"] for event in played.of("review.finished", 3)]
    assert overall == ["request_changes", "approve"]
    assert played.issues[3]["rounds"] == 1
    assert len(played.of("finding.closed", 3)) == 2


def test_the_candidate_that_failed_the_checks_was_revised_before_anyone_reviewed_it(played: Played) -> None:
    statuses = [event["data"]["status"] for event in played.of("check.finished", 4)]
    assert 1 in statuses
    assert statuses[-1] == 0
    assert [event["data"]["overall"] for event in played.of("review.finished", 4)] == ["approve"]


def test_a_revision_goes_on_in_the_same_conversation(played: Played) -> None:
    for number in (3, 4):
        workers = [event for event in played.of("session.started", number) if event["data"]["role"] == "worker"]
        assert [event["data"]["purpose"] for event in workers] == ["begin", "revise"]
        assert len({event["session"] for event in workers}) == 1


def test_the_thin_issue_was_expanded_and_no_other(played: Played) -> None:
    assert [event["issue"] for event in played.events() if event["kind"] == "spec.expanded"] == [5]


def test_the_second_issue_on_one_file_was_merged_onto_a_base_that_had_moved(played: Played) -> None:
    waiting = next(scene for scene in SCENES.values() if scene.after is not None)
    (begun,) = played.of("attempt.started", waiting.number)
    parent = git(played.origin, "rev-parse", f"{played.issues[waiting.number]['commit']}^")[0]
    assert parent != begun["data"]["base_sha"]
    moved = git(played.origin, "diff", "--name-only", begun["data"]["base_sha"], parent)
    assert "larder/show.py" in moved
    checked = [event["data"]["base_sha"] for event in played.of("check.finished", waiting.number)]
    assert checked[-1] == parent


def test_the_events_are_gapless_and_the_file_equals_the_database(played: Played) -> None:
    state = Path(played.shape["state_dir"])
    lines = (state / "events.jsonl").read_text(encoding="utf-8").splitlines()
    with sqlite3.connect(f"file:{state / 'state.db'}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
    connection.close()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [recorded(row).line() for row in rows] == lines


def test_doctor_finds_nothing_amiss_in_the_state_that_a_loop_leaves(played: Played) -> None:
    layout = StateLayout(Path(played.shape["state_dir"]))
    assert [one.text for name in UPKEEP for one in amiss(name, layout)] == []


def test_the_issues_in_the_checkout_are_closed_where_they_were_merged(played: Played) -> None:
    for path in (played.kept / "larder" / "backlog" / "tasks").glob("*.md"):
        number = int(path.name.removeprefix("task-").partition(" ")[0])
        assert ("status: Done" in path.read_text(encoding="utf-8")) == (number in MERGED), path.name


def test_the_operators_checkout_is_not_moved(played: Played) -> None:
    assert git(played.kept / "larder", "log", "--format=%s") == ["Write shopping lists from recipes"]


def test_nothing_is_written_into_the_newcomers_home(played: Played) -> None:
    assert list(played.home.iterdir()) == []


def test_no_key_of_the_operators_reaches_a_session(played: Played) -> None:
    transcripts = (Path(played.shape["state_dir"]) / "transcripts").rglob("*.jsonl")
    assert not any("must-never-be-used" in path.read_text(encoding="utf-8") for path in transcripts)


def test_where_claude_code_cannot_run_one_sentence_says_so_and_nothing_is_played(tmp_path: Path) -> None:
    """A package of that name earlier on the path stands for a wheel whose binary does not run here."""
    bundled = tmp_path / "path" / "claude_agent_sdk" / "_bundled"
    bundled.mkdir(parents=True)
    (bundled.parent / "__init__.py").write_text("")
    (bundled / "claude").write_text("#!/bin/sh\nexit 1\n")
    (bundled / "claude").chmod(0o755)
    (tmp_path / "home").mkdir()
    done = demo(tmp_path / "home", PYTHONPATH=str(tmp_path / "path"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: Claude Code cannot run: ")
    assert "offline rehearsal" not in done.stderr
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["home", "path"]


def test_a_live_rehearsal_without_a_login_ends_before_anything_is_played(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    done = demo(tmp_path / "home", "--live")
    assert done.returncode == 4
    assert "CLAUDE_CODE_OAUTH_TOKEN is not set" in done.stderr
    assert "working" not in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["home"]


def test_a_directory_that_holds_something_is_not_played_in(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    done = demo(tmp_path / "home", "--keep", str(tmp_path))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert "hint:" in done.stderr
