"""GitHub's own checks of a commit, the end of a failed one's log, and pull requests of forks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from forge_loop.domain.host_checks import HostCheck, HostCheckState
from forge_loop.errors import RefusedError, UnreadableError
from forge_loop.forge.github.checks import LOG_LINES
from support.fake_github import FakeGitHub, Fault, FaultKind, serving
from support.github_parts import Parts, parts_of
from support.repositories import BASE

BRANCH = "forge/1-1"
FAILED, PASSED, PENDING = HostCheckState.FAILED, HostCheckState.PASSED, HostCheckState.PENDING
FINE = frozenset({"metadata:read", "actions:read", "statuses:read", "contents:read"})


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with serving(tmp_path) as made:
        made.add_account("mona", role="write")
        yield made


@pytest.fixture
def parts(hub: FakeGitHub) -> Iterator[Parts]:
    made = parts_of(hub)
    yield made
    made.close()


@pytest.fixture
def sha(hub: FakeGitHub) -> str:
    return hub.person_pushes(BRANCH, {"a": "1\n"})


def the(checks: Sequence[HostCheck] | None, name: str) -> HostCheck:
    (found,) = [check for check in checks or () if check.name == name]
    return found


def test_of_a_failed_jobs_log_the_last_lines_come_back_without_their_times(
    hub: FakeGitHub, parts: Parts, sha: str
) -> None:
    hub.check_ends(sha, "build", "failure", log="\n".join(f"line {number}" for number in range(500)))
    output = the(parts.host.checks(sha), "build").output
    assert output.splitlines() == [f"line {number}" for number in range(500 - LOG_LINES, 500)]


def test_a_log_is_read_once_and_elsewhere_without_the_token(hub: FakeGitHub, parts: Parts, sha: str) -> None:
    hub.check_ends(sha, "build", "failure", log="no greeting")
    for _ in range(3):
        assert the(parts.host.checks(sha), "build").output == "no greeting"
    (elsewhere,) = [seen for seen in hub.requests if "/stored-logs/" in seen.path]
    assert "authorization" not in elsewhere.headers
    assert sum(seen.path.endswith("/logs") for seen in hub.requests) == 1


def test_of_a_passed_check_no_log_is_read(hub: FakeGitHub, parts: Parts, sha: str) -> None:
    hub.check_ends(sha, "build", "success", log="all well")
    assert the(parts.host.checks(sha), "build").output == ""
    assert not [seen for seen in hub.requests if "/logs" in seen.path]


def test_a_log_that_cannot_be_read_leaves_what_the_check_itself_says(hub: FakeGitHub, parts: Parts, sha: str) -> None:
    hub.check_ends(sha, "build", "failure", log="lost")
    hub.check_ends(sha, "other", "failure", app=77, log="said by another App")
    hub.check_ends(sha, "legacy", "failure", app=None, log="said by a service")
    hub.faults.add(Fault(kind=FaultKind.STATUS, path="/logs$", status=410, times=9))
    found = parts.host.checks(sha)
    assert [the(found, name).output for name in ("build", "other", "legacy")] == [
        "",
        "said by another App",
        "said by a service",
    ]
    assert {check.state for check in found} == {FAILED}


def test_a_token_that_sees_no_check_runs_has_the_logs_of_jobs_all_the_same(hub: FakeGitHub, sha: str) -> None:
    hub.state.private = True
    parts = parts_of(hub, token=hub.grant("mona", "github_pat_m", FINE))
    hub.check_ends(sha, "build", "failure", log="no greeting")
    found = the(parts.host.checks(sha), "build")
    assert (found.state, found.output) == (FAILED, "no greeting")
    hub.requires("scan", app=77)
    with pytest.raises(UnreadableError, match="'scan' is required, and this token may not see it"):
        parts.host.checks(sha)
    parts.close()


@pytest.mark.parametrize("classic", [False, True])
def test_a_required_check_counts_only_from_the_app_that_the_rule_names(
    hub: FakeGitHub, parts: Parts, sha: str, classic: bool
) -> None:
    hub.state.classic_protection = classic
    hub.requires("build", app=77)
    hub.check_ends(sha, "build", "success")
    states = {(check.state, check.required) for check in parts.host.checks(sha) or ()}
    assert states == {(PASSED, False), (PENDING, True)}
    hub.check_ends(sha, "build", "success", app=77)
    assert {check.state for check in parts.host.checks(sha) or () if check.required} == {PASSED}


@pytest.mark.parametrize("conclusion", ["action_required", "stale", "something new"])
def test_a_conclusion_that_asks_for_somebody_or_is_not_known_is_not_green(
    hub: FakeGitHub, parts: Parts, sha: str, conclusion: str
) -> None:
    hub.check_ends(sha, "build", conclusion)
    assert the(parts.host.checks(sha), "build").state is PENDING


def test_a_forks_pull_request_of_the_same_branch_is_none_of_the_loops(hub: FakeGitHub, parts: Parts, sha: str) -> None:
    fork = hub.person_opens_pull_request(BRANCH, by="mona", fork="mona", sha=sha)
    assert parts.host.find_pull_request(BRANCH) is None
    assert list(parts.host.open_pull_requests("forge/")) == []
    assert not parts.host.pull_request(fork).ours
    with pytest.raises(RefusedError, match="another repository's branch"):
        parts.host.merge(fork, head_sha=sha, base_sha=parts.host.base_sha(BASE), message="m")
    assert hub.writes() == []
    own = parts.host.open_pull_request(branch=BRANCH, base=BASE, title="Do it", body="For it.")
    assert own.number != fork
    assert [pull.number for pull in parts.host.open_pull_requests("forge/")] == [own.number]
    found = parts.host.find_pull_request(BRANCH)
    assert found is not None
    assert found.number == own.number
