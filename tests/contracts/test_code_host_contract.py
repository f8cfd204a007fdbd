"""What every code host must do, whatever keeps its branches.

A forge joins by adding its world to WORLDS: a code host, and the hands of a person at that forge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from forge_loop.database import Database
from forge_loop.domain.host_checks import HostCheckState
from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.domain.remarks import LineRemark
from forge_loop.errors import GitError, RefusedError, UnreadableError
from forge_loop.forge.local import LocalCodeHost, create_origin
from forge_loop.ports import BaseMoved, CodeHost, Conversation, Merged
from support.fake_forge import FakeCodeHost, FakeConversation
from support.fake_github import FakeGitHub, serving
from support.fake_repository import FakeRepository
from support.github_parts import parts_of
from support.repositories import BASE, FILES, commit, git, make_checkout

BRANCH = "forge/1-1"


class World(Protocol):
    """A code host and what a person does there."""

    @property
    def host(self) -> CodeHost: ...

    def pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        """A commit on top of `onto` (default: base), pushed to the host's branch. Returns its id."""

    def deletes(self, branch: str) -> None: ...

    def file(self, sha: str, path: str) -> str: ...

    def parents(self, sha: str) -> list[str]: ...

    def message(self, sha: str) -> str: ...

    def fetched(self, url: str) -> str:
        """What a fetch of base from this address brings."""


class TalkingWorld(World, Protocol):
    """A host where people talk about pull requests, and which runs checks of its own."""

    def asks(self, number: int, text: str, *, trusted: bool = True) -> None:
        """A person wants something changed about a pull request."""

    def approves(self, number: int) -> None:
        """A trusted person approves the commit that stands there."""

    def body(self, number: int) -> str: ...

    def reviews(self, number: int) -> list[str]:
        """The texts of the reviews that stand on a pull request, in order."""

    def on_lines(self, number: int) -> list[tuple[str, int | None, str]]:
        """What stands on single lines of it: file, line, text."""

    def check_ends(self, sha: str, name: str, state: HostCheckState, *, output: str = "") -> None:
        """The host runs a check, or begins to."""

    def requires(self, name: str) -> None:
        """The host's rules want this check before a merge to base."""


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


class LocalWorld:
    """A bare repository, pushed to from a clone of its own."""

    def __init__(self, directory: Path, database: Database) -> None:
        checkout = make_checkout(directory / "checkout")
        self._origin = directory / "origin.git"
        create_origin(self._origin, checkout, BASE)
        self._hands = directory / "hands"
        git(directory, "clone", "--quiet", str(self._origin), str(self._hands))
        self.host: CodeHost = LocalCodeHost(
            origin=self._origin, checkout=checkout, base=BASE, database=database, clock=FixedClock()
        )

    def pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        git(self._hands, "fetch", "--quiet", "origin")
        git(self._hands, "checkout", "--quiet", "--detach", onto or f"origin/{BASE}")
        sha = commit(self._hands, files)
        git(self._hands, "push", "--quiet", "--force", "origin", f"{sha}:refs/heads/{branch}")
        return sha

    def deletes(self, branch: str) -> None:
        git(self._hands, "push", "--quiet", "origin", f":refs/heads/{branch}")

    def file(self, sha: str, path: str) -> str:
        return git(self._origin, "show", f"{sha}:{path}")

    def parents(self, sha: str) -> list[str]:
        return git(self._origin, "rev-list", "--parents", "-n1", sha).split()[1:]

    def message(self, sha: str) -> str:
        return git(self._origin, "show", "-s", "--format=%B", sha)

    def fetched(self, url: str) -> str:
        return git(self._hands, "ls-remote", url, f"refs/heads/{BASE}").split()[0]


class FakeWorld:
    """Branches and pull requests in memory, as the simulation has them."""

    def __init__(self) -> None:
        self._repository = FakeRepository(FILES)
        self._fake = FakeCodeHost(self._repository)
        self._talk = self._fake.talk = FakeConversation(self._fake, FixedClock())

    @property
    def host(self) -> CodeHost:
        return self._fake

    def pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        return self._fake.person_pushes(branch, files, onto=onto)

    def deletes(self, branch: str) -> None:
        self._fake.person_deletes(branch)

    def file(self, sha: str, path: str) -> str:
        return self._repository.files(sha)[path]

    def parents(self, sha: str) -> list[str]:
        return list(self._repository.commits[sha].parents)

    def message(self, sha: str) -> str:
        return self._repository.commits[sha].message

    def fetched(self, url: str) -> str:
        assert url == self._fake.url()
        return self._repository.branches[BASE]

    def asks(self, number: int, text: str, *, trusted: bool = True) -> None:
        if trusted:
            self._talk.person_asks(number, text)

    def approves(self, number: int) -> None:
        self._talk.person_approves(number)

    def body(self, number: int) -> str:
        return self._fake.pulls[number].body

    def reviews(self, number: int) -> list[str]:
        return [review.text for review in self._fake.pulls[number].reviews]

    def on_lines(self, number: int) -> list[tuple[str, int | None, str]]:
        lines = [line for review in self._fake.pulls[number].reviews for line in review.lines]
        return [(line.file, line.line, line.text) for line in lines]

    def check_ends(self, sha: str, name: str, state: HostCheckState, *, output: str = "") -> None:
        self._fake.check_ends(sha, name, state, output=output)

    def requires(self, name: str) -> None:
        self._fake.required = (*self._fake.required, name)
        self._fake.host_checks = self._fake.host_checks or {}


class GitHubWorld:
    """A GitHub with people at it, and the adapter that speaks to it."""

    def __init__(self, hub: FakeGitHub) -> None:
        self._hub = hub
        hub.add_account("mona", role="write")
        self._parts = parts_of(hub, approvers=("me", "mona"))
        self.host: CodeHost = self._parts.host
        hub.add_account("stranger")

    def pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        return self._hub.person_pushes(branch, files, onto=onto)

    def deletes(self, branch: str) -> None:
        self._hub.person_deletes(branch)

    def file(self, sha: str, path: str) -> str:
        return git(self._hub.state.bare, "show", f"{sha}:{path}")

    def parents(self, sha: str) -> list[str]:
        return git(self._hub.state.bare, "rev-list", "--parents", "-n1", sha).split()[1:]

    def message(self, sha: str) -> str:
        return git(self._hub.state.bare, "show", "-s", "--format=%B", sha)

    def fetched(self, url: str) -> str:
        signed = url.replace("http://", f"http://x-access-token:{self._hub.token}@")
        return git(self._hub.clone, "ls-remote", signed, f"refs/heads/{BASE}").split()[0]

    def asks(self, number: int, text: str, *, trusted: bool = True) -> None:
        self._hub.person_comments(number, f"/forge {text}", by="" if trusted else "stranger")

    def approves(self, number: int) -> None:
        self._hub.person_reviews(number, "APPROVED", "", by="mona")

    def body(self, number: int) -> str:
        return self._hub.ticket(number).body

    def reviews(self, number: int) -> list[str]:
        return [review.body for review in self._hub.pulled(number)[1].reviews]

    def on_lines(self, number: int) -> list[tuple[str, int | None, str]]:
        return [(line.path, line.line, line.body) for line in self._hub.pulled(number)[1].line_comments]

    def check_ends(self, sha: str, name: str, state: HostCheckState, *, output: str = "") -> None:
        conclusions = {HostCheckState.PASSED: "success", HostCheckState.FAILED: "failure"}
        self._hub.check_ends(sha, name, conclusions.get(state), log=output)

    def requires(self, name: str) -> None:
        self._hub.requires(name)

    def close(self) -> None:
        self._parts.close()


@contextmanager
def github_world(directory: Path) -> Iterator[GitHubWorld]:
    with serving(directory) as hub:
        world = GitHubWorld(hub)
        yield world
        world.close()


@contextmanager
def local_world(directory: Path) -> Iterator[World]:
    database = Database(directory / "state.db")
    yield LocalWorld(directory, database)
    database.close()


@contextmanager
def fake_world(_directory: Path) -> Iterator[FakeWorld]:
    yield FakeWorld()


WORLDS: dict[str, Callable[[Path], AbstractContextManager[World]]] = {
    "fake": fake_world,
    "local": local_world,
    "github": github_world,
}


# Those among them where people talk.
TALKING: dict[str, Callable[[Path], AbstractContextManager[TalkingWorld]]] = {
    "fake": fake_world,
    "github": github_world,
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with WORLDS[request.param](tmp_path) as made:
        yield made


@pytest.fixture(params=sorted(TALKING))
def talking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TalkingWorld]:
    with TALKING[request.param](tmp_path) as made:
        yield made


def opened(world: World, branch: str = BRANCH) -> PullRequest:
    return world.host.open_pull_request(branch=branch, base=BASE, title="A change", body="For issue #1.")


def test_its_name_fits_on_a_line_and_its_url_can_be_fetched_from(world: World) -> None:
    assert world.host.repository().strip()
    assert "\n" not in world.host.repository()
    assert world.fetched(world.host.url()) == world.host.base_sha(BASE)


def test_a_branch_that_is_not_there_is_none_and_a_base_that_is_not_there_is_unreadable(world: World) -> None:
    assert world.host.branch_sha("forge/none") is None
    with pytest.raises(UnreadableError):
        world.host.base_sha("nowhere")


def test_a_prefix_of_a_branch_is_not_the_branch(world: World) -> None:
    sha = world.pushes(BRANCH, {"a": "1"})
    assert world.host.branch_sha(BRANCH) == sha
    assert world.host.branch_sha("forge") is None


def test_opening_twice_is_one_pull_request(world: World) -> None:
    sha = world.pushes(BRANCH, {"a": "1"})
    first, second = opened(world), opened(world)
    assert first == second
    assert (first.branch, first.base, first.head_sha, first.state) == (BRANCH, BASE, sha, PullRequestState.OPEN)
    assert world.host.find_pull_request(BRANCH) == first
    assert world.host.pull_request(first.number) == first


def test_a_branch_without_a_pull_request_has_none(world: World) -> None:
    world.pushes(BRANCH, {"a": "1"})
    assert world.host.find_pull_request(BRANCH) is None


def test_a_pull_request_needs_a_branch_with_something_new(world: World) -> None:
    with pytest.raises(RefusedError):
        opened(world, "forge/none")
    with pytest.raises(RefusedError):
        opened(world, BASE)


def test_a_pull_request_follows_its_branch(world: World) -> None:
    first = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    second = world.pushes(BRANCH, {"a": "2"}, onto=first)
    assert world.host.pull_request(number).head_sha == second


def test_a_merge_is_one_squash_commit_on_base(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    first = world.pushes(BRANCH, {"a": "1"})
    head_sha = world.pushes(BRANCH, {"b": "2"}, onto=first)
    number = opened(world).number
    answer = world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="Do it\n\nFor #1.")
    assert isinstance(answer, Merged)
    assert world.host.base_sha(BASE) == answer.sha
    assert world.parents(answer.sha) == [base_sha]
    assert world.message(answer.sha) == "Do it\n\nFor #1."
    assert (world.file(answer.sha, "a"), world.file(answer.sha, "b")) == ("1", "2")
    after = world.host.pull_request(number)
    assert (after.state, after.merged_sha) == (PullRequestState.MERGED, answer.sha)


def test_merging_twice_merges_once(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    head_sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    answers = [world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="m") for _ in range(2)]
    assert answers[0] == answers[1]
    assert world.host.base_sha(BASE) == answers[0].sha if isinstance(answers[0], Merged) else False


def test_nothing_is_merged_onto_a_base_that_moved(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    head_sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    moved = world.pushes(BASE, {"other": "1"})
    answer = world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="m")
    assert answer == BaseMoved(base_sha=moved)
    assert world.host.base_sha(BASE) == moved
    assert isinstance(world.host.merge(number, head_sha=head_sha, base_sha=moved, message="m"), Merged)


def test_nothing_is_merged_but_the_commit_that_was_named(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    reviewed = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    world.pushes(BRANCH, {"a": "evil"}, onto=reviewed)
    with pytest.raises(RefusedError):
        world.host.merge(number, head_sha=reviewed, base_sha=base_sha, message="m")
    assert world.host.base_sha(BASE) == base_sha


def test_a_conflict_is_an_error_and_merges_nothing(world: World) -> None:
    start = world.host.base_sha(BASE)
    head_sha = world.pushes(BRANCH, {"README.md": "mine\n"})
    number = opened(world).number
    moved = world.pushes(BASE, {"README.md": "theirs\n"}, onto=start)
    with pytest.raises(GitError, match="conflict"):
        world.host.merge(number, head_sha=head_sha, base_sha=moved, message="m")
    assert world.host.base_sha(BASE) == moved


def test_a_closed_pull_request_is_never_merged(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    head_sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    world.host.close_pull_request(number)
    assert world.host.pull_request(number).state is PullRequestState.CLOSED
    with pytest.raises(RefusedError):
        world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="m")


def test_a_branch_gets_a_new_pull_request_after_the_first_was_closed(world: World) -> None:
    world.pushes(BRANCH, {"a": "1"})
    first = opened(world)
    world.host.close_pull_request(first.number)
    second = opened(world)
    assert second.number != first.number
    assert world.host.find_pull_request(BRANCH) == second


def test_a_branch_is_deleted_only_where_it_was_expected(world: World) -> None:
    first = world.pushes(BRANCH, {"a": "1"})
    second = world.pushes(BRANCH, {"a": "2"}, onto=first)
    world.host.delete_branch(BRANCH, sha=first)
    assert world.host.branch_sha(BRANCH) == second
    for _ in range(2):
        world.host.delete_branch(BRANCH, sha=second)
    assert world.host.branch_sha(BRANCH) is None


def test_a_person_who_deletes_the_branch_closes_the_pull_request(world: World) -> None:
    sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    world.deletes(BRANCH)
    after = world.host.pull_request(number)
    assert (after.state, after.head_sha) == (PullRequestState.CLOSED, sha)


def test_a_merged_pull_request_stays_merged_without_its_branch(world: World) -> None:
    base_sha = world.host.base_sha(BASE)
    head_sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    answer = world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="m")
    world.host.delete_branch(BRANCH, sha=head_sha)
    assert world.host.merge(number, head_sha=head_sha, base_sha=base_sha, message="m") == answer


def test_a_person_who_merges_by_hand_is_believed(world: World) -> None:
    head_sha = world.pushes(BRANCH, {"a": "1"})
    number = opened(world).number
    merged = world.pushes(BASE, {"b": "1"}, onto=head_sha)
    after = world.host.pull_request(number)
    assert (after.state, after.merged_sha) == (PullRequestState.MERGED, head_sha)
    assert world.host.base_sha(BASE) == merged


def talk_of(world: TalkingWorld) -> Conversation:
    talk = world.host.conversation()
    assert talk is not None
    return talk


def test_a_pull_requests_text_is_replaced(talking: TalkingWorld) -> None:
    talking.pushes(BRANCH, {"a": "1"})
    number = opened(talking).number
    assert talking.body(number) == "For issue #1."
    for _ in range(2):
        talk_of(talking).describe(number, body="For issue #1, anew.")
    assert talking.body(number) == "For issue #1, anew."


def test_a_draft_is_not_merged_before_it_is_ready(talking: TalkingWorld) -> None:
    base_sha = talking.host.base_sha(BASE)
    head_sha = talking.pushes(BRANCH, {"a": "1"})
    made = talking.host.open_pull_request(branch=BRANCH, base=BASE, title="A change", body="", draft=True)
    assert made.draft
    with pytest.raises(RefusedError):
        talking.host.merge(made.number, head_sha=head_sha, base_sha=base_sha, message="m")
    for _ in range(2):
        talk_of(talking).mark_ready(made.number)
    assert not talking.host.pull_request(made.number).draft
    assert isinstance(talking.host.merge(made.number, head_sha=head_sha, base_sha=base_sha, message="m"), Merged)


def test_a_review_of_one_key_is_posted_once(talking: TalkingWorld) -> None:
    sha = talking.pushes(BRANCH, {"a": "1\n2\n"})
    number, talk = opened(talking).number, talk_of(talking)
    assert not talk.review_posted(number, "review-1")
    lines = [LineRemark(file="a", line=2, text="mend this")]
    for _ in range(2):
        talk.post_review(number, key="review-1", sha=sha, text="Two things.", lines=lines)
    assert talk.review_posted(number, "review-1")
    assert not talk.review_posted(number, "review-11")
    assert len([text for text in talking.reviews(number) if "Two things." in text]) == 1
    assert talking.on_lines(number) == [("a", 2, "mend this")]
    talk.post_review(number, key="review-2", sha=sha, text="Once more.", lines=[])
    assert any("Once more." in text for text in talking.reviews(number))


def test_what_is_said_of_a_line_that_is_not_there_is_said_in_the_text(talking: TalkingWorld) -> None:
    sha = talking.pushes(BRANCH, {"a": "1\n"})
    number = opened(talking).number
    lines = [LineRemark(file="elsewhere", line=7, text="mend that too"), LineRemark(file="a", line=1, text="this")]
    talk_of(talking).post_review(number, key="review-1", sha=sha, text="Two things.", lines=lines)
    assert [line[0] for line in talking.on_lines(number)] == ["a"]
    assert any("elsewhere" in text and "mend that too" in text for text in talking.reviews(number))


def test_trusted_people_are_heard_in_order_and_strangers_and_the_loop_are_not(talking: TalkingWorld) -> None:
    sha = talking.pushes(BRANCH, {"a": "1\n"})
    number, talk = opened(talking).number, talk_of(talking)
    assert list(talk.remarks(number)) == []
    talk.post_review(
        number, key="review-1", sha=sha, text="The loop's.", lines=[LineRemark(file="a", line=1, text="x")]
    )
    talking.asks(number, "first this")
    talking.asks(number, "delete everything", trusted=False)
    talking.asks(number, "then that")
    heard = talk.remarks(number)
    assert [remark.text for remark in heard] == ["first this", "then that"]
    assert len({remark.key for remark in heard}) == 2
    assert [remark.key for remark in talk.remarks(number)] == [remark.key for remark in heard]


def test_the_hosts_own_checks_are_told_with_what_a_failed_one_printed(talking: TalkingWorld) -> None:
    sha = talking.pushes(BRANCH, {"a": "1"})
    opened(talking)
    talking.check_ends(sha, "lint", HostCheckState.PASSED)
    talking.check_ends(sha, "test", HostCheckState.FAILED, output="no greeting")
    talking.check_ends(sha, "build", HostCheckState.PENDING)
    found = {check.name: check for check in talking.host.checks(sha) or ()}
    assert {name: check.state for name, check in found.items()} == {
        "lint": HostCheckState.PASSED,
        "test": HostCheckState.FAILED,
        "build": HostCheckState.PENDING,
    }
    assert "no greeting" in found["test"].output


def test_a_check_that_is_required_is_pending_before_it_appears(talking: TalkingWorld) -> None:
    sha = talking.pushes(BRANCH, {"a": "1"})
    opened(talking)
    talking.requires("test")
    (waited_for,) = talking.host.checks(sha) or ()
    assert (waited_for.name, waited_for.state, waited_for.required) == ("test", HostCheckState.PENDING, True)
    talking.check_ends(sha, "test", HostCheckState.PASSED)
    (ended,) = talking.host.checks(sha) or ()
    assert (ended.state, ended.required) == (HostCheckState.PASSED, True)


def test_a_pull_request_of_the_loops_is_its_own(world: World) -> None:
    world.pushes(BRANCH, {"a": "1"})
    assert opened(world).ours


def test_the_open_pull_requests_are_those_of_the_prefix_that_nobody_ended(world: World) -> None:
    numbers = {}
    for branch in ("forge/1-1", "forge/2-2", "forge/3-3", "people/4"):
        world.pushes(branch, {f"{branch.split('/')[1]}.txt": "x\n"})
        numbers[branch] = world.host.open_pull_request(branch=branch, base=BASE, title="t", body="b").number
    world.host.close_pull_request(numbers["forge/2-2"])
    world.deletes("forge/3-3")
    assert [pull.number for pull in world.host.open_pull_requests("forge/")] == [numbers["forge/1-1"]]
    assert len(world.host.open_pull_requests("")) == 2


def test_an_approval_in_a_review_names_its_commit(talking: TalkingWorld) -> None:
    first = talking.pushes(BRANCH, {"a": "1"})
    number = opened(talking).number
    talk = talk_of(talking)
    assert list(talk.agreements(number)) == []
    talking.approves(number)
    second = talking.pushes(BRANCH, {"a": "2"}, onto=first)
    (agreement,) = talk.agreements(number)
    assert agreement.author == "mona"
    assert agreement.sha == first != second
    assert list(talk.remarks(number)) == []
