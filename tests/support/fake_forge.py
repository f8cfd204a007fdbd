"""A tracker and a code host in memory, and the hands of the people who use them.

Owns: the fakes of the Tracker and CodeHost ports that pass the same contracts as the real ones. Must not: fail by
itself; who wants outages puts something in front.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from forge_loop.config.model import MergeMethod
from forge_loop.domain.host_checks import HostCheck, HostCheckState
from forge_loop.domain.issue import Issue, LabelEvent, PullRequest, PullRequestState
from forge_loop.domain.remarks import Agreement, LineRemark, Remark
from forge_loop.errors import GitError, NoSuchIssueError, RefusedError, UnreadableError
from forge_loop.ports import BaseMoved, Clock, Conversation, MergeAnswer, Merged
from support.fake_repository import FakeRepository


@dataclass(kw_only=True, slots=True)
class Ticket:
    """An issue as the tracker keeps it. `closed_by` and `unlabelled_by` say whose hand it was: person or loop."""

    number: int
    title: str
    body: str
    created_at: datetime
    priority: int = 2
    blocked_by: tuple[int, ...] = ()
    open: bool = True
    edited_at: datetime | None = None
    labels: dict[str, LabelEvent] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    assignee: str = ""
    closed_by: str = ""
    unlabelled_by: dict[str, str] = field(default_factory=dict)


class FakeTracker:
    def __init__(self, clock: Clock, *, ready_label: str = "loop:ready") -> None:
        self.tickets: dict[int, Ticket] = {}
        self._clock = clock
        self._ready = ready_label
        self._newest = 0

    def open_issues(self) -> list[Issue]:
        return [self._shown(ticket) for _, ticket in sorted(self.tickets.items()) if ticket.open]

    def issue(self, number: int) -> Issue:
        return self._shown(self._ticket(number))

    def labelled(self, issue: Issue, label: str) -> LabelEvent | None:
        return self._ticket(issue.number).labels.get(label)

    def add_label(self, number: int, label: str) -> None:
        ticket = self._ticket(number)
        if label == self._ready:
            raise RefusedError(f"only a person gives {label!r}")
        ticket.labels.setdefault(label, LabelEvent(actor="loop", trusted=False, at=self._clock.now()))

    def remove_label(self, number: int, label: str) -> None:
        ticket = self._ticket(number)
        if ticket.labels.pop(label, None) is not None:
            ticket.unlabelled_by[label] = "loop"

    def post_note(self, number: int, key: str, text: str) -> None:
        self._ticket(number).notes[key] = text

    def note(self, number: int, key: str) -> str | None:
        return self._ticket(number).notes.get(key)

    def close(self, number: int, summary: str) -> None:
        ticket = self._ticket(number)
        if ticket.open:
            ticket.open, ticket.closed_by = False, "loop"

    def person_adds(self, title: str, body: str, *, blocked_by: tuple[int, ...] = (), priority: int = 2) -> int:
        self._newest += 1
        number = self._newest
        self.tickets[number] = Ticket(
            number=number,
            title=title,
            body=body,
            created_at=self._clock.now(),
            priority=priority,
            blocked_by=blocked_by,
        )
        return number

    def person_labels(self, number: int, label: str, *, trusted: bool = True) -> None:
        ticket = self._ticket(number)
        actor = "operator" if trusted else "stranger"
        ticket.labels[label] = LabelEvent(actor=actor, trusted=trusted, at=self._clock.now())
        ticket.unlabelled_by.pop(label, None)

    def person_unlabels(self, number: int, label: str) -> None:
        ticket = self._ticket(number)
        if ticket.labels.pop(label, None) is not None:
            ticket.unlabelled_by[label] = "person"

    def person_closes(self, number: int) -> None:
        ticket = self._ticket(number)
        if ticket.open:
            ticket.open, ticket.closed_by = False, "person"

    def person_reopens(self, number: int) -> None:
        ticket = self._ticket(number)
        ticket.open, ticket.closed_by = True, ""

    def person_deletes(self, number: int) -> None:
        """Gone for good; its number is not given again."""
        del self.tickets[number]

    def person_comments(self, number: int, text: str) -> None:
        self._ticket(number).comments.append(text)

    def person_assigns(self, number: int, account: str) -> None:
        self._ticket(number).assignee = account

    def person_retitles(self, number: int, title: str) -> None:
        ticket = self._ticket(number)
        ticket.title, ticket.edited_at = title, self._clock.now()

    def person_rewrites(self, number: int, before: str, after: str) -> None:
        ticket = self._ticket(number)
        assert before in ticket.body
        ticket.body = ticket.body.replace(before, after)
        ticket.edited_at = self._clock.now()

    def _ticket(self, number: int) -> Ticket:
        if number not in self.tickets:
            raise NoSuchIssueError(number)
        return self.tickets[number]

    def _shown(self, ticket: Ticket) -> Issue:
        return Issue(
            number=ticket.number,
            key=f"fake-{ticket.number}",
            title=ticket.title,
            body=ticket.body,
            labels=frozenset(ticket.labels),
            open=ticket.open,
            created_at=ticket.created_at,
            edited_at=ticket.edited_at,
            priority=ticket.priority,
            blocked_by=ticket.blocked_by,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """A review of the loop's as it stands at the host: its text, and what it says on lines."""

    key: str
    sha: str
    text: str
    lines: tuple[LineRemark, ...]


@dataclass(kw_only=True, slots=True)
class Pull:
    """A pull request as the host keeps it. `closed_by` says whose hand closed it; `landed` is its commit on base.

    `reviews` are the loop's, `remarks` what trusted people ask for.
    """

    number: int
    branch: str
    base: str
    head_sha: str
    title: str = ""
    body: str = ""
    draft: bool = False
    ours: bool = True
    closed_by: str = ""
    landed: str | None = None
    landed_by: str = ""
    reviews: list[Posted] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)


class FakeConversation:
    """What stands on the pull requests of a host, and what people ask for there."""

    def __init__(self, host: FakeCodeHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._newest = 0

    def describe(self, number: int, *, body: str) -> None:
        self._pull(number).body = body

    def mark_ready(self, number: int) -> None:
        self._pull(number).draft = False

    def post_review(self, number: int, *, key: str, sha: str, text: str, lines: Sequence[LineRemark]) -> None:
        pull = self._pull(number)
        if self.review_posted(number, key):
            return
        changed = self._host.changed(pull)
        on_lines = tuple(line for line in lines if line.file in changed)
        rest = "".join(f"\n\n{line.file}: {line.text}" for line in lines if line.file not in changed)
        pull.reviews.append(Posted(key=key, sha=sha, text=text + rest, lines=on_lines))

    def review_posted(self, number: int, key: str) -> bool:
        return any(review.key == key for review in self._pull(number).reviews)

    def remarks(self, number: int) -> list[Remark]:
        return list(self._pull(number).remarks)

    def agreements(self, number: int) -> list[Agreement]:
        return list(self._pull(number).agreements)

    def person_approves(self, number: int) -> None:
        """Somebody who is trusted approves the commit that stands there."""
        pull = self._pull(number)
        pull.agreements.append(Agreement(author="mona", sha=pull.head_sha))

    def person_asks(self, number: int, text: str, *, file: str | None = None, line: int | None = None) -> None:
        """Somebody who is trusted wants something changed."""
        self._newest += 1
        remark = Remark(
            key=f"remark-{self._newest}", author="operator", text=text, at=self._clock.now(), file=file, line=line
        )
        self._pull(number).remarks.append(remark)

    def _pull(self, number: int) -> Pull:
        if number not in self._host.pulls:
            raise UnreadableError(f"there is no pull request {number}")
        return self._host.pulls[number]


def _nothing(_pull: Pull, _base_sha: str) -> None:
    return None


class FakeCodeHost:
    """`on_merge` is called with the pull request and the base just before a merge moves base.

    `host_checks` holds the checks of each commit where the host runs any, `required` the names of those that a merge
    needs, `talk` what people say where they do.
    """

    def __init__(self, repository: FakeRepository, *, base: str = "main") -> None:
        self.repository_ = repository
        self.pulls: dict[int, Pull] = {}
        self.on_merge: Callable[[Pull, str], None] = _nothing
        self.host_checks: dict[str, list[HostCheck]] | None = None
        self.required: tuple[str, ...] = ()
        self.talk: FakeConversation | None = None
        self._base = base

    def repository(self) -> str:
        return "fake/sample"

    def url(self) -> str:
        return "fake://sample"

    def sync_base(self) -> str | None:
        return None

    def base_sha(self, branch: str) -> str:
        sha = self.branch_sha(branch)
        if sha is None:
            raise UnreadableError(f"there is no branch {branch!r}")
        return sha

    def branch_sha(self, branch: str) -> str | None:
        return self.repository_.branches.get(branch)

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str, draft: bool = False) -> PullRequest:
        known = self.find_pull_request(branch)
        if known is not None and known.state is PullRequestState.OPEN:
            return known
        head_sha = self.branch_sha(branch)
        if head_sha is None or self.repository_.contains(self.base_sha(base), head_sha):
            raise RefusedError(f"{branch!r} has nothing that {base!r} has not")
        number = len(self.pulls) + 1
        draft = draft and self.talk is not None
        self.pulls[number] = Pull(
            number=number, branch=branch, base=base, head_sha=head_sha, title=title, body=body, draft=draft
        )
        return self.pull_request(number)

    def find_pull_request(self, branch: str) -> PullRequest | None:
        numbers = [pull.number for pull in self.pulls.values() if pull.branch == branch]
        return self.pull_request(numbers[-1]) if numbers else None

    def pull_request(self, number: int) -> PullRequest:
        if number not in self.pulls:
            raise UnreadableError(f"there is no pull request {number}")
        pull = self._settled(self.pulls[number])
        state = PullRequestState.CLOSED if pull.closed_by else PullRequestState.OPEN
        return PullRequest(
            number=number,
            branch=pull.branch,
            base=pull.base,
            head_sha=pull.head_sha,
            state=PullRequestState.MERGED if pull.landed else state,
            merged_sha=pull.landed,
            draft=pull.draft,
            ours=pull.ours,
        )

    def open_pull_requests(self, prefix: str) -> list[PullRequest]:
        pulls = [self.pull_request(number) for number in sorted(self.pulls)]
        return [pull for pull in pulls if pull.state is PullRequestState.OPEN and pull.branch.startswith(prefix)]

    def merge(
        self,
        number: int,
        *,
        head_sha: str,
        base_sha: str,
        message: str,
        method: MergeMethod = MergeMethod.SQUASH,
    ) -> MergeAnswer:
        shown = self.pull_request(number)
        if shown.head_sha != head_sha:
            raise RefusedError(f"the head of pull request {number} is {shown.head_sha}, not {head_sha}")
        if shown.merged_sha is not None:
            return Merged(sha=shown.merged_sha)
        if shown.state is not PullRequestState.OPEN:
            raise RefusedError(f"pull request {number} is {shown.state}")
        if shown.draft:
            raise RefusedError(f"pull request {number} is a draft")
        if (current := self.base_sha(shown.base)) != base_sha:
            return BaseMoved(base_sha=current)
        return Merged(sha=self._land(self.pulls[number], base_sha, message))

    def _land(self, pull: Pull, base_sha: str, message: str) -> str:
        sha, conflicts = self.repository_.squash(base_sha=base_sha, head_sha=pull.head_sha, message=message)
        if sha is None:
            raise GitError(("merge-tree",), 1, f"conflict in {', '.join(conflicts)}")
        if self.repository_.files(sha) == self.repository_.files(base_sha):
            raise RefusedError(f"pull request {pull.number} changes nothing")
        self.on_merge(pull, base_sha)
        self.repository_.branches[pull.base] = pull.landed = sha
        pull.landed_by = "loop"
        return sha

    def delete_branch(self, branch: str, *, sha: str) -> None:
        if self.branch_sha(branch) == sha:
            self.person_deletes(branch)

    def close_pull_request(self, number: int) -> None:
        self._close(number, "loop")

    def checks(self, sha: str) -> list[HostCheck] | None:
        if self.host_checks is None:
            return None
        known = [replace(check, required=check.name in self.required) for check in self.host_checks.get(sha, [])]
        names = {check.name for check in known}
        missing = [name for name in self.required if name not in names]
        pending = HostCheckState.PENDING
        return [*known, *(HostCheck(name=name, state=pending, required=True) for name in missing)]

    def conversation(self) -> Conversation | None:
        return self.talk

    def changed(self, pull: Pull) -> tuple[str, ...]:
        """The paths that a pull request changes: every one of its own where it shares nothing with its base."""
        try:
            start = self.repository_.merge_base(self.base_sha(pull.base), pull.head_sha)
        except GitError:
            return tuple(self.repository_.files(pull.head_sha))
        return self.repository_.changed(start, pull.head_sha)

    def check_ends(self, sha: str, name: str, state: HostCheckState, *, output: str = "") -> None:
        """The host ran a check of its own, or began to."""
        if self.host_checks is None:
            self.host_checks = {}
        others = [check for check in self.host_checks.get(sha, []) if check.name != name]
        self.host_checks[sha] = [*others, HostCheck(name=name, state=state, output=output)]

    def person_closes_pull_request(self, number: int) -> None:
        self._close(number, "person")

    def person_pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        """A commit with these changes on `onto` (default: base), to which the branch then points."""
        start = onto or self.base_sha(self._base)
        after = {**self.repository_.files(start), **files}
        kept = {path: text for path, text in after.items() if text is not None}
        sha = self.repository_.commit(kept, parents=(start,), message="By hand")
        self.repository_.branches[branch] = sha
        return sha

    def person_deletes(self, branch: str) -> None:
        for pull in self.pulls.values():
            self._settled(pull)
        del self.repository_.branches[branch]

    def person_merges(self, number: int) -> bool:
        """Merge by hand: whatever the head is. False if it is not open or conflicts."""
        shown, pull = self.pull_request(number), self.pulls[number]
        if shown.state is not PullRequestState.OPEN:
            return False
        base_sha = self.base_sha(pull.base)
        sha, _ = self.repository_.squash(base_sha=base_sha, head_sha=pull.head_sha, message="Merged by hand")
        if sha is None:
            return False
        self.repository_.branches[pull.base] = pull.landed = sha
        pull.landed_by = "person"
        return True

    def person_retargets(self, number: int, base: str) -> None:
        """To another branch, which is made at base if it is not there."""
        self.repository_.branches.setdefault(base, self.base_sha(self._base))
        self.pulls[number].base = base

    def person_resets(self, branch: str, files: Mapping[str, str]) -> str:
        """Force the branch to a commit that shares nothing with what was there."""
        sha = self.repository_.commit(files, parents=(), message="Begin anew")
        self.repository_.branches[branch] = sha
        return sha

    def _close(self, number: int, who: str) -> None:
        pull = self._settled(self.pulls[number])
        if pull.landed is None and not pull.closed_by:
            pull.closed_by = who

    def _settled(self, pull: Pull) -> Pull:
        """Merged, closed with its branch, or open at the branch's head."""
        if pull.landed is not None or pull.closed_by:
            return pull
        head_sha = self.branch_sha(pull.branch)
        if self.repository_.contains(self.base_sha(pull.base), pull.head_sha):
            pull.landed = pull.head_sha
        elif head_sha is None:
            pull.closed_by = "person"
        else:
            pull.head_sha = head_sha
        return pull
