"""Tests of the local code host under races and crashes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.domain.issue import PullRequestState
from forge_loop.errors import RefusedError, UnreadableError
from forge_loop.forge.local import LocalCodeHost, create_origin
from forge_loop.ports import BaseMoved, MergeAnswer, Merged
from support.repositories import BASE, commit, git, head, make_checkout


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


class Place:
    """An origin with branches pushed to it, and the state database beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.checkout = make_checkout(directory / "checkout")
        self.origin = directory / "origin.git"
        create_origin(self.origin, self.checkout, BASE)
        self.database = Database(directory / "state.db")
        self.host = self.another_host(self.database)

    def another_host(self, database: Database) -> LocalCodeHost:
        return LocalCodeHost(
            origin=self.origin, checkout=self.checkout, base=BASE, database=database, clock=FixedClock()
        )

    def pushes(self, branch: str, name: str) -> str:
        """A commit on a branch of its own, which the checkout does not stay on."""
        git(self.checkout, "checkout", "--quiet", "--detach", BASE)
        sha = commit(self.checkout, {name: "1"})
        git(self.checkout, "push", "--quiet", "--force", str(self.origin), f"{sha}:refs/heads/{branch}")
        git(self.checkout, "checkout", "--quiet", BASE)
        return sha

    def opens(self, branch: str) -> int:
        return self.host.open_pull_request(branch=branch, base=BASE, title="t", body="b").number

    @property
    def base_sha(self) -> str:
        return head(self.origin, f"refs/heads/{BASE}")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.database.close()


def test_of_two_merges_at_once_exactly_one_lands(place: Place) -> None:
    before = place.base_sha
    heads = {number: place.pushes(f"forge/{number}-1", f"file{number}") for number in (1, 2)}
    numbers = {number: place.opens(f"forge/{number}-1") for number in heads}
    answers: list[MergeAnswer] = []
    start = threading.Barrier(2, timeout=30)

    def merge(number: int) -> None:
        database = Database(place.directory / "state.db")
        host = place.another_host(database)
        start.wait()
        answers.append(host.merge(numbers[number], head_sha=heads[number], base_sha=before, message="m"))
        database.close()

    threads = [threading.Thread(target=merge, args=(number,)) for number in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    merged = [answer for answer in answers if isinstance(answer, Merged)]
    moved = [answer for answer in answers if isinstance(answer, BaseMoved)]
    assert (len(merged), len(moved)) == (1, 1)
    assert moved[0].base_sha == merged[0].sha == place.base_sha
    states = sorted(place.host.pull_request(number).state for number in numbers.values())
    assert states == [PullRequestState.MERGED, PullRequestState.OPEN]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from forge_loop.database import Database
from forge_loop.forge.local import LocalCodeHost, code_host, pulls

class Clock:
    def now(self):
        return datetime(2026, 1, 31, 12, tzinfo=UTC)

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "before the ref":
    code_host.move_branch = killed
else:
    pulls.Pulls.merged = killed
directory = Path(sys.argv[2])
host = LocalCodeHost(
    origin=directory / "origin.git", checkout=directory / "checkout", base="main",
    database=Database(directory / "state.db"), clock=Clock(),
)
host.merge(int(sys.argv[3]), head_sha=sys.argv[4], base_sha=sys.argv[5], message="Do it")
"""


def merge_killed(place: Place, when: str, number: int, head_sha: str, base_sha: str) -> None:
    place.database.close()
    words = [sys.executable, "-c", KILLED, when, str(place.directory), str(number), head_sha, base_sha]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    place.database = Database(place.directory / "state.db")
    place.host = place.another_host(place.database)


def test_a_kill_between_the_ref_and_the_row_is_settled_by_looking(place: Place) -> None:
    before, head_sha = place.base_sha, place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    merge_killed(place, "after the ref", number, head_sha, before)
    landed = place.base_sha
    assert landed != before
    assert place.database.query("SELECT state FROM pulls")[0]["state"] == "open"
    shown = place.host.pull_request(number)
    assert (shown.state, shown.merged_sha) == (PullRequestState.MERGED, landed)
    assert place.host.merge(number, head_sha=head_sha, base_sha=before, message="other") == Merged(sha=landed)
    assert place.base_sha == landed


def test_a_kill_before_the_ref_moved_merged_nothing_and_can_be_repeated(place: Place) -> None:
    before, head_sha = place.base_sha, place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    merge_killed(place, "before the ref", number, head_sha, before)
    assert place.base_sha == before
    assert place.host.pull_request(number).state is PullRequestState.OPEN
    answer = place.host.merge(number, head_sha=head_sha, base_sha=before, message="Do it")
    assert answer == Merged(sha=place.base_sha)


def test_a_landed_merge_is_found_again_under_later_merges(place: Place) -> None:
    before, head_sha = place.base_sha, place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    merge_killed(place, "after the ref", number, head_sha, before)
    landed, second = place.base_sha, place.pushes("forge/2-1", "other")
    later = place.opens("forge/2-1")
    assert isinstance(place.host.merge(later, head_sha=second, base_sha=landed, message="m"), Merged)
    assert place.host.pull_request(number).merged_sha == landed


def test_the_head_of_a_pull_request_outlives_its_branch(place: Place) -> None:
    head_sha = place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    place.host.delete_branch("forge/1-1", sha=head_sha)
    assert head(place.origin, f"refs/pull/{number}/head") == head_sha


def test_numbers_are_not_given_twice(place: Place) -> None:
    place.pushes("forge/1-1", "file")
    first = place.opens("forge/1-1")
    with place.database.transaction() as connection:
        connection.execute("DELETE FROM pulls")
    assert place.opens("forge/1-1") > first


def test_a_change_that_is_on_base_already_is_not_merged_again(place: Place) -> None:
    head_sha = place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    commit(place.checkout, {"file": "1"}, "the same by hand")
    assert place.host.sync_base() is None
    with pytest.raises(RefusedError, match="changes nothing"):
        place.host.merge(number, head_sha=head_sha, base_sha=place.base_sha, message="m")


def test_a_merge_touches_nothing_in_the_checkout(place: Place) -> None:
    head_sha = place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    (place.checkout / "README.md").write_text("in the middle of an edit\n")
    before = (git(place.checkout, "status", "--porcelain"), git(place.checkout, "for-each-ref"), head(place.checkout))
    place.host.merge(number, head_sha=head_sha, base_sha=place.base_sha, message="m")
    after = (git(place.checkout, "status", "--porcelain"), git(place.checkout, "for-each-ref"), head(place.checkout))
    assert after == before
    git(place.checkout, "stash", "--quiet")
    git(place.checkout, "pull", "--quiet", "--ff-only", "forge", BASE)
    assert (place.checkout / "file").exists()


def test_what_cannot_be_read_is_unknown_and_not_absent(place: Place) -> None:
    with pytest.raises(UnreadableError, match="no pull request 7"):
        place.host.pull_request(7)
    place.origin.rename(place.directory / "gone.git")
    asks: list[Callable[[], object]] = [
        lambda: place.host.branch_sha("forge/1-1"),
        lambda: place.host.base_sha(BASE),
        place.host.sync_base,
    ]
    for ask in asks:
        with pytest.raises(UnreadableError):
            ask()


def test_the_rows_survive_a_second_opening(place: Place) -> None:
    place.pushes("forge/1-1", "file")
    number = place.opens("forge/1-1")
    assert place.another_host(place.database).pull_request(number).number == number
