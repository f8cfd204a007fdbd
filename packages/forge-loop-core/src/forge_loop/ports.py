"""The ports: what the loop needs from the outside, as protocols.

Owns: EventSink, Tracker, CodeHost, Conversation, Agents, Workspaces, Commands, Slots and Clock, and the small values
they exchange. Every adapter and every fake passes one contract suite per port (`tests/contracts/`). Must not: name an
adapter or hold logic.

Threads: Tracker, CodeHost, Workspaces and Commands may block and are called from worker threads, several at once;
Agents, Slots and Clock are called from the runner's thread and never block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from forge_loop.config.model import MergeMethod
from forge_loop.domain.candidate import Harvest
from forge_loop.domain.host_checks import HostCheck
from forge_loop.domain.issue import Issue, LabelEvent, PullRequest
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.remarks import Agreement, LineRemark, Remark
from forge_loop.domain.session import SessionNews, SessionOrder


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring durations."""


class EventSink(Protocol):
    """Hears of every event, in `seq` order, at least once. What it raises is reported and never stops the loop.

    Called from the runner's thread, so no method waits for a receiver: what must be sent is written down and sent from
    elsewhere. A class that inherits from this one only has to write `emit`.
    """

    @property
    def name(self) -> str:
        """What events call it."""
        return type(self).__name__

    def begin(self, newest: int) -> int:
        """The loop starts, and `newest` is the newest event there is. The `seq` after which it wants to hear: its own
        place if it keeps one beside what it wrote, so that it misses nothing; else what starts now."""
        return newest

    def emit(self, event: Recorded) -> None: ...

    def session_variables(self, *, number: int, job: int | None) -> Mapping[str, str]:  # noqa: ARG002
        """What a session that begins is told in its environment, so that what it sends joins what this sink sends.
        Only variables of telemetry reach it, and none does in the sandbox, which has no network. `number` is the one
        that stands in `session.started`."""
        return {}

    def trouble(self) -> str | None:
        """Why what it was told does not arrive at present, None while all is well. Told of when it changes."""
        return None

    def obstacle(self) -> str | None:
        """For `doctor`, outside of a loop, never begun: why what it is told would not arrive, None if nothing is known
        against it. May ask its receiver, for seconds; a person at the other end sees nothing of it."""
        return None

    def close(self) -> None:
        """The loop ends. Returns within seconds, whatever the receiver does; what is left waits for the next start."""
        return


class Tracker(Protocol):
    """Issues. Reads raise UnreadableError when the answer is not known; they never return less than there is."""

    def open_issues(self) -> Sequence[Issue]:
        """Every open issue, whatever its labels, in number order."""

    def issue(self, number: int) -> Issue:
        """One issue, open or closed, read now. Raises NoSuchIssueError."""

    def labelled(self, issue: Issue, label: str) -> LabelEvent | None:
        """Who applied `label` to `issue` last; None if it does not carry it."""

    def add_label(self, number: int, label: str) -> None: ...

    def remove_label(self, number: int, label: str) -> None:
        """Remove one label; absent is fine."""

    def post_note(self, number: int, key: str, text: str) -> None:
        """Write the loop's one note for `key` on the issue, or replace it. The same call twice leaves one note."""

    def note(self, number: int, key: str) -> str | None:
        """The loop's note for `key`, or None. Used to settle a post whose outcome is not known."""

    def close(self, number: int, summary: str) -> None:
        """Close the issue as done with a closing summary; already closed is fine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    sha: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseMoved:
    """Base is no longer the commit that was checked; nothing was merged."""

    base_sha: str


MergeAnswer = Merged | BaseMoved


class Conversation(Protocol):
    """What people read and write on pull requests, where a code host has that."""

    def describe(self, number: int, *, body: str) -> None:
        """Replace the pull request's text; the same text twice is fine."""

    def mark_ready(self, number: int) -> None:
        """A draft becomes ready for review; one that is ready already is fine."""

    def post_review(self, number: int, *, key: str, sha: str, text: str, lines: Sequence[LineRemark]) -> None:
        """Say `text` about commit `sha`, and something on single lines of it. What has no line there goes into the
        text. The same `key` twice leaves one."""

    def review_posted(self, number: int, key: str) -> bool:
        """Whether the loop's review of this key stands there. Used to settle a post whose outcome is not known."""

    def remarks(self, number: int) -> Sequence[Remark]:
        """Every change that a trusted person asks for, oldest first; never what the loop itself posted."""

    def agreements(self, number: int) -> Sequence[Agreement]:
        """Who of the trusted people approves which commit by a review, as things stand."""


class CodeHost(Protocol):
    """Branches, pull requests, merging. Reads raise UnreadableError; RefusedError is the host's own no."""

    def repository(self) -> str:
        """A short name for people and events: owner/name, or the path of the bare repository."""

    def url(self) -> str:
        """What `control.git` fetches from and pushes to."""

    def sync_base(self) -> str | None:
        """Bring the host's base up to the operator's where that is a fast-forward. A sentence if it cannot be."""

    def base_sha(self, branch: str) -> str: ...

    def branch_sha(self, branch: str) -> str | None:
        """The commit a branch points to on the host, None if there is no such branch."""

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str, draft: bool = False) -> PullRequest:
        """Open one, or return the one that is already open for this branch and base."""

    def find_pull_request(self, branch: str) -> PullRequest | None:
        """The newest pull request of this branch in any state, or None."""

    def pull_request(self, number: int) -> PullRequest: ...

    def open_pull_requests(self, prefix: str) -> Sequence[PullRequest]:
        """Every open pull request of a branch of this repository whose name begins so, in number order."""

    def merge(
        self,
        number: int,
        *,
        head_sha: str,
        base_sha: str,
        message: str,
        method: MergeMethod = MergeMethod.SQUASH,
    ) -> MergeAnswer:
        """Bring `head_sha` to `base_sha` if base still is that commit and the pull request's head that one.

        `method` is how, where the host can do more than squash. Merging what is merged already returns the same Merged.
        Raises RefusedError if the head is another commit, the pull request is closed or a draft, GitError if the two
        conflict.
        """

    def delete_branch(self, branch: str, *, sha: str) -> None:
        """Delete the branch if it still points to `sha`; absent is fine."""

    def close_pull_request(self, number: int) -> None: ...

    def checks(self, sha: str) -> Sequence[HostCheck] | None:
        """The host's own checks of a pushed commit, required ones that have not appeared included. None: it runs none.
        What of them cannot be seen but is required raises UnreadableError."""

    def conversation(self) -> Conversation | None:
        """Where people talk about pull requests, or None where they do not."""


class Slots(Protocol):
    """How much may be worked on at the same time. Called on the runner's thread and never blocks."""

    def may_take(self, *, in_hand: int, limit: int) -> bool:
        """Whether one more job may be claimed now, with so many in hand. `limit` is the project's own setting."""


class Agents(Protocol):
    """Runs sessions, each in a process of its own. Never blocks; every session started yields one SessionEnded."""

    def start(self, order: SessionOrder, *, attempt: int) -> None:
        """Start a session. What cannot start still yields SessionEnded."""

    def news(self) -> Sequence[SessionNews]:
        """Everything heard since the last call, oldest first. A session's SessionEnded is its last."""

    def end(self, session: str, *, reason: str) -> None:
        """Begin to end a session: interrupt, then leave, then every process of it. Unknown sessions are ignored."""

    def running(self) -> frozenset[str]:
        """Sessions started and not yet reported as ended."""

    def resumable(self, session: str, config_dir: Path) -> bool:
        """Whether a conversation of this id was kept in that directory and can be resumed."""

    def reap(self) -> int:
        """End processes that an earlier loop of this state directory left behind; how many there were."""

    def close(self) -> None:
        """End all sessions and wait for it, at most about 15 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeResult:
    """What base and candidate merge to: a commit in the loop's own repository, or the paths that conflict."""

    commit: str | None
    conflicts: tuple[str, ...] = ()


class Workspaces(Protocol):
    """The loop's own repository and the directories that sessions and checks work in."""

    def fetch(self) -> None:
        """Bring `control.git` up to the code host."""

    def commit_exists(self, sha: str) -> bool: ...

    def create(self, path: Path, *, sha: str, branch: str, base_sha: str) -> None:
        """An independent clone at `path` with `branch` checked out at `sha` and a branch `base` at `base_sha`.

        No remote, no shared objects. Whatever stood at `path` is replaced. The clone appears in one rename.
        """

    def harvest(self, path: Path, *, ref: str, base_sha: str, protected: Sequence[str]) -> Harvest:
        """Take the workspace's HEAD into `refs/forge/<ref>` of control.git without running git in the workspace."""

    def contains(self, *, sha: str, other: str) -> bool:
        """Whether a commit is another one or built on it. Both are in control.git, or the answer is no."""

    def merge_result(self, *, base_sha: str, head_sha: str) -> MergeResult: ...

    def diff(self, *, base_sha: str, head_sha: str) -> str:
        """The unified diff from the merge base of the two to the head."""

    def push(self, *, sha: str, branch: str, expected: str | None) -> None:
        """Push one commit by SHA to the host's branch, which must be at `expected` (None: must not exist)."""

    def read_file(self, *, sha: str, path: str) -> str | None:
        """A text file at a commit, None if it is not there."""

    def salvage(self, path: Path, archive: Path) -> bool:
        """Save what a workspace holds outside git's own directory to a `.tar.gz`; False if there is nothing."""

    def remove(self, path: Path) -> None:
        """Remove a workspace; absent is fine."""

    def existing(self) -> Sequence[Path]:
        """Every workspace directory on disk."""

    def prune(self, keep: Callable[[str], bool]) -> int:
        """Drop refs under refs/forge/ whose name `keep` refuses; how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandResult:
    """`output` is the last part of stdout and stderr together; `status` is None if the time ran out."""

    status: int | None
    output: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.status == 0


class Commands(Protocol):
    """Runs the operator's own commands where an agent's code is present: scrubbed environment, bounded, reaped."""

    def run(
        self,
        command: str,
        *,
        directory: Path,
        timeout: float,
        passing: Sequence[str] = (),
        confined: bool = True,
    ) -> CommandResult:
        """Run a shell command. `passing` names variables of the loop's own environment that it is given beside the
        usual ones; their values do not show in the output. Not `confined`: outside the sandbox, where there is one."""

    def close(self) -> None:
        """End what is running, whose result then is that of a command whose time ran out. Never blocks."""


__all__ = [
    "Agents",
    "BaseMoved",
    "Clock",
    "CodeHost",
    "CommandResult",
    "Commands",
    "Conversation",
    "EventSink",
    "Harvest",
    "MergeAnswer",
    "MergeResult",
    "Merged",
    "Slots",
    "Tracker",
    "Workspaces",
]
