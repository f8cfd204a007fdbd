"""The guarantees, checked while a world runs: after every tick, before every write, at every merge, and at rest.

Owns: what must always hold, in the terms of the product's guarantees. Must not: change anything; it reads the database
on a connection of its own and the outside world as it is.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_loop.domain.issue import PullRequestState
from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.limits import Window, pace
from forge_loop.store.jobs import LIVE
from simulation.sessions import is_green
from support.fake_forge import Pull, Ticket

if TYPE_CHECKING:
    from simulation.world import World

UNCHARGED = frozenset({"limit", "transient", "auth", "configuration", "interrupted", "conflict_free"})
TERMINAL = frozenset(str(state) for state in JobState if state.terminal)
JOURNALLED = {
    "tracker.add_label": ("label",),
    "tracker.remove_label": ("label",),
    "tracker.post_note": ("note", "note.status"),
    "tracker.close": ("issue.close",),
    "code_host.open_pull_request": ("pull_request.open",),
    "code_host.merge": ("merge",),
    "code_host.delete_branch": ("branch.delete",),
    "conversation.describe": ("pull_request.describe",),
    "conversation.mark_ready": ("pull_request.ready",),
    "conversation.post_review": ("review.post",),
    "workspaces.push": ("push",),
}
REFUSED = "refused"
STATE_AFTER = {
    "job.queued": "queued",
    "job.cooled_down": "cooling",
    "job.handed_over": "handed_over",
    "job.given_up": "given_up",
    "job.yielded": "yielded",
    "job.cancelled": "cancelled",
    "job.merged": "merged",
}


class Violation(BaseException):
    """A guarantee did not hold. No fence of the loop may catch it."""


def insist(holds: bool, sentence: str) -> None:
    if not holds:
        raise Violation(sentence)


class Invariants:
    """Of one world. What it remembers (events read, merges seen) outlives the loop's processes."""

    def __init__(self, world: World, database: Path) -> None:
        self._world = world
        self._path = database
        self._connection: sqlite3.Connection | None = None
        self._seq = 0
        self._states: dict[int, str] = {}
        self._ended: set[int] = set()
        self._queued_at: list[str] = []
        self._resting: dict[int, str] = {}
        self._asked = False
        self._claimed = False
        self._halted = False
        self._resumed = False
        self.merged: dict[int, int] = {}
        self.checked = 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """Committed rows only, as another process would see them."""
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
        return self._connection.execute(sql, parameters).fetchall()

    # -- after every tick

    def after_tick(self) -> None:
        self.checked += 1
        self._events()
        self._rows_follow_events()
        self._live_jobs_are_indexed()
        self._slots()
        self._attempts()
        self._halts_stand()
        self._nobody_goes_on_early()

    def _events(self) -> None:
        for row in self.rows(
            "SELECT seq, at, kind, job, issue, data FROM events WHERE seq > ? ORDER BY seq", self._seq
        ):
            insist(row["seq"] == self._seq + 1, f"event {self._seq + 1} is missing before {row['seq']}")
            self._seq = row["seq"]
            self._apply(row)

    def _apply(self, row: sqlite3.Row) -> None:
        kind, job = row["kind"], row["job"]
        after = json.loads(row["data"])["after"] if kind == "job.advanced" else STATE_AFTER.get(kind)
        if after is not None:
            insist(job not in self._ended, f"job {job} had ended and became {after}")
            self._states[job] = after
            if after in TERMINAL:
                self._ended.add(job)
        if kind == "job.queued":
            self._taken_in(row)
        self._claimed = self._claimed or kind == "job.claimed"
        self._resumed = self._resumed or kind == "loop.resumed"
        if kind == "issue.approved":
            text = (row["issue"], json.loads(row["data"])["sha256"])
            insist(text in self._world.approved_texts, f"#{row['issue']} was worked on with a text nobody approved")
        if kind in ("request.applied", "request.refused", "loop.unparked"):
            self._asked = True
        if kind == "job.yielded":
            rewritten = "was rewritten" in row["data"] and self._world.people.fired["rewrite base"] > 0
            insist(row["issue"] in self._world.touched or rewritten, f"job {job} yielded to nobody: {row['data']}")
        if kind == "session.started":
            insist(job not in self._ended, f"a session was started for job {job}, which had ended")

    def _taken_in(self, row: sqlite3.Row) -> None:
        self._queued_at.append(row["at"])
        cap = self._world.settings.scheduling.max_jobs_per_hour
        # Where the clock was set back, stamps do not tell how far apart two jobs began.
        if len(self._queued_at) > cap and not self._world.fired["clock set back"]:
            first, last = self._world.moment(self._queued_at[-cap - 1]), self._world.moment(row["at"])
            insist((last - first).total_seconds() >= 3600, f"more than {cap} jobs within an hour")

    def _rows_follow_events(self) -> None:
        states = {row["id"]: row["state"] for row in self.rows("SELECT id, state FROM jobs")}
        insist(states == self._states, f"rows say {states}, events say {self._states}")

    def _live_jobs_are_indexed(self) -> None:
        context = self._world.context
        for row in self.rows(f"SELECT id FROM jobs WHERE {LIVE}"):
            known = row["id"] in context.in_hand or context.queue.has_key(f"job:{row['id']}")
            insist(known, f"job {row['id']} is live and neither queued nor in hand")

    def _slots(self) -> None:
        waiting = {row["id"] for row in self.rows("SELECT id FROM jobs WHERE waits_for IS NOT NULL")}
        used, slots = len(self._world.context.in_hand.keys() - waiting), self._world.settings.scheduling.parallel
        insist(used <= slots, f"{used} jobs in hand, {slots} slots")
        claimed, self._claimed = self._claimed, False
        slowed = pace(self._limits(), slots, self._world.clock.peek())
        # Where the clock was set back, a limit that was over when a job was claimed can be in force again.
        if claimed and slowed is not None and not self._world.fired["clock set back"]:
            insist(used <= slowed.slots, f"{used} jobs in hand where a limit leaves {slowed.slots} slots")

    def _limits(self) -> list[Window]:
        moment = self._world.moment
        return [
            Window(
                id=row["id"],
                kind=row["kind"],
                utilization=row["utilization"],
                resets_at=moment(row["resets_at"]) if row["resets_at"] else None,
                seen_at=moment(row["seen_at"]),
            )
            for row in self.rows("SELECT * FROM limits")
        ]

    def _halts_stand(self) -> None:
        """A halt ends with the operator's word and with nothing else: no start, no time, no success."""
        (row,) = self.rows("SELECT halt_reason FROM loop")
        halted, resumed = row["halt_reason"] is not None, self._resumed
        insist(not self._halted or halted or resumed, "a halt ended and nobody had resumed")
        self._halted, self._resumed = halted, False

    def _attempts(self) -> None:
        most = self._world.settings.retry.attempts
        charged = {
            row["job"]: row["n"]
            for row in self.rows("SELECT job, count(*) AS n FROM attempts WHERE charged = 1 GROUP BY job")
        }
        for row in self.rows("SELECT id, state, attempts FROM jobs WHERE attempts > 0"):
            insist(row["attempts"] <= most, f"job {row['id']} was charged {row['attempts']} attempts of {most}")
            allowed = charged.get(row["id"], 0) + (row["state"] == JobState.GIVEN_UP)
            insist(row["attempts"] <= allowed, f"job {row['id']} was charged for nothing: {row['attempts']}")
        for row in self.rows("SELECT job, failure_kind, note FROM attempts WHERE charged = 1"):
            insist(row["failure_kind"] not in UNCHARGED, f"job {row['job']} was charged for: {row['note']}")
            insist("is not built on base" not in row["note"], f"job {row['job']} was charged for base left out once")
            outage = row["failure_kind"] == FailureKind.LOST and not self._world.lost_often(row["job"])
            insist(not outage, f"job {row['job']} was charged for a process that died: {row['note']}")

    def _nobody_goes_on_early(self) -> None:
        """What cools down or is parked waits for its time, unless the operator asked otherwise."""
        now = self._world.now()
        rows = self.rows(f"SELECT id, state, not_before FROM jobs WHERE {LIVE}")
        for row in rows:
            due = self._resting.get(row["id"])
            early = due is not None and due > now and row["state"] not in ("cooling", "parked")
            insist(not early or self._asked, f"job {row['id']} went on before {due}, at {now}")
        self._resting = {row["id"]: row["not_before"] for row in rows if row["not_before"]}
        self._asked = False

    # -- before every write

    def before_write(self, name: str, arguments: dict[str, Any]) -> None:
        if name.startswith("workspaces.") and name != "workspaces.push":
            self._workspace_is_free(name, arguments["arguments"][0])
            return
        if name == "tracker.post_note" and arguments["arguments"][1] == REFUSED:
            self._refusal_is_kept(*arguments["arguments"])
            return
        effect, job = self._journalled(name, arguments)
        self._people_win(name, effect, job)

    def _workspace_is_free(self, name: str, path: Path) -> None:
        insist(not self._world.sessions.running_in(path), f"{name} of {path.name} while a session works there")

    def _refusal_is_kept(self, issue: int, _key: str, _text: str) -> None:
        rows = self.rows("SELECT * FROM refusals WHERE issue = ? AND told_at IS NULL", issue)
        insist(bool(rows), f"a refusal was told on #{issue} that was told before, or is none")

    def _journalled(self, name: str, arguments: dict[str, Any]) -> tuple[str, sqlite3.Row]:
        acting = [
            row
            for row in self.rows("SELECT * FROM effects WHERE state = 'acting' ORDER BY id")
            if row["kind"] in JOURNALLED[name] and _fits(name, arguments, json.loads(row["detail"]))
        ]
        insist(bool(acting), f"{name} {arguments} was not journalled before it was done")
        return acting[0]["kind"], self.rows("SELECT * FROM jobs WHERE id = ?", acting[0]["job"])[0]

    def _people_win(self, name: str, effect: str, job: sqlite3.Row) -> None:
        if effect == "note" or name == "code_host.delete_branch":
            return
        insist(job["state"] != JobState.YIELDED, f"{name} for #{job['issue']}, which was left to a person")
        ticket = self._world.tracker.tickets.get(job["issue"])
        if ticket is None:
            raise Violation(f"{name} for #{job['issue']}, which a person had deleted")
        closed = not ticket.open and ticket.closed_by == "person"
        unlabelled = ticket.unlabelled_by.get(self._world.settings.labels.ready) == "person"
        insist(not closed, f"{name} for #{job['issue']}, which a person had closed")
        insist(not unlabelled, f"{name} for #{job['issue']}, from which a person had taken the label")
        if name in ("tracker.add_label", "tracker.remove_label"):
            self._approval_is_spent(name, job, ticket)
        number = job["pull_request"]
        if name == "workspaces.push" and number is not None:
            closed = self._world.host.pulls[number].closed_by == "person"
            insist(not closed, f"{name} for pull request {number}, which a person had closed")
        insist(number not in self._world.pulls_seen_closed, f"{name} for #{job['issue']}, its pull request is closed")

    def _approval_is_spent(self, name: str, job: sqlite3.Row, ticket: Ticket) -> None:
        (approval,) = self.rows("SELECT at FROM approvals WHERE id = ?", job["approval"])
        given = ticket.labels.get(self._world.settings.labels.ready)
        if given is not None and given.at is not None:
            newer = (given.at - self._world.moment(approval["at"])).total_seconds() >= 1
            insist(not newer, f"{name} for #{job['issue']}, which was approved anew at {given.at}")

    def about_to(self) -> set[str]:
        """The kinds of effects that are just about to be done, or may have been."""
        return {row["kind"] for row in self.rows("SELECT kind FROM effects WHERE state IN ('intended', 'acting')")}

    # -- at every merge and pull request

    def on_merge(self, pull: Pull, base_sha: str) -> None:
        job = self.rows("SELECT * FROM jobs WHERE branch = ?", pull.branch)[0]
        head, number = pull.head_sha, job["id"]
        insist(not pull.draft, f"job {number}: a draft was merged")
        insist(pull.base == "main", f"job {number} was merged into {pull.base}")
        insist(job["state"] == JobState.MERGING, f"job {number} is {job['state']} and its merge was done")
        insist(job["head_sha"] == head, f"job {number}: {head} was merged, the candidate is {job['head_sha']}")
        self.merged[job["approval"]] = self.merged.get(job["approval"], 0) + 1
        insist(self.merged[job["approval"]] == 1, f"approval {job['approval']} was merged twice")
        heard = {row["key"] for row in self.rows("SELECT key FROM remarks WHERE job = ?", number)}
        unheard = [remark.text for remark in pull.remarks if remark.key not in heard]
        insist(not unheard, f"job {number} was merged although changes were asked for: {unheard}")
        self._reviewed(number, head)
        self._green(number, head, base_sha)
        self._allowed(job, self._world.tracker.tickets[job["issue"]])
        before, after = self._world.repository.files(base_sha), self._world.repository.merge(base_sha, head)[0]
        insist(is_green(after) or not is_green(before), f"job {number}: its merge made base red")
        protected = self._world.protected(base_sha, head)
        insist(not protected, f"job {number} was merged and touches {protected}")

    def _reviewed(self, job: int, head: str) -> None:
        insist(head in self._world.sessions.approved, f"job {job}: {head} was merged, no critic approved it")
        rows = self.rows("SELECT approves FROM reviews WHERE job = ? AND head_sha = ? ORDER BY id DESC", job, head)
        insist(bool(rows) and bool(rows[0]["approves"]), f"job {job}: there is no approving verdict for {head}")

    def _green(self, job: int, head: str, base_sha: str) -> None:
        for command in self._world.settings.checks:
            green = self._world.commands.green.get((base_sha, head, command))
            insist(green is True, f"job {job}: {command!r} was not green on {head[:12]} merged into {base_sha[:12]}")

    def _allowed(self, job: sqlite3.Row, ticket: Ticket) -> None:
        issue = self._world.tracker.issue(ticket.number)
        labels = self._world.settings.labels
        (approval,) = self.rows("SELECT sha256 FROM approvals WHERE id = ?", job["approval"])
        insist(issue.open, f"#{issue.number} is closed and was merged")
        insist(labels.ready in issue.labels, f"#{issue.number} is not labelled and was merged")
        insist(labels.risk not in issue.labels, f"#{issue.number} is risky and was merged")
        insist(issue.sha256 == approval["sha256"], f"#{issue.number} was edited after its approval and was merged")

    def pull_requests(self) -> None:
        """At most one pull request for each approval, whatever became of it."""
        counts: dict[str, int] = {}
        for pull in self._world.host.pulls.values():
            counts[pull.branch] = counts.get(pull.branch, 0) + 1
        insist(max(counts.values(), default=0) <= 1, f"more than one pull request of a branch: {counts}")

    # -- at rest, once the world was kind for long enough

    def at_rest(self) -> None:
        self.after_tick()
        self.pull_requests()
        live = self.rows(f"SELECT id, state, reason FROM jobs WHERE {LIVE}")
        insist(not live, f"jobs that never end: {[tuple(row) for row in live]}")
        unexplained = self.rows("SELECT id FROM jobs WHERE state <> 'merged' AND coalesce(reason, '') = ''")
        self._one_note()
        insist(not unexplained, f"jobs that ended without a reason: {[row['id'] for row in unexplained]}")
        self._merged_once_and_for_all()
        open_effects = self.rows("SELECT key, state FROM effects WHERE state IN ('intended', 'acting')")
        insist(not open_effects, f"effects that never end: {[tuple(row) for row in open_effects]}")
        insist(not self.rows("SELECT 1 FROM sessions WHERE ended_at IS NULL"), "a session never ended")
        left = [path.name for path in self._world.workspaces.existing()]
        insist(not left, f"workspaces are left: {left}")
        insist(not self._world.sessions.playing, "sessions are left")
        self._every_ready_issue_is_answered()

    def _one_note(self) -> None:
        """One for each job, one for all refusals; and no review twice."""
        for ticket in self._world.tracker.tickets.values():
            jobs = {f"job-{row['id']}" for row in self.rows("SELECT id FROM jobs WHERE issue = ?", ticket.number)}
            insist(ticket.notes.keys() <= jobs | {REFUSED}, f"#{ticket.number} has the notes {list(ticket.notes)}")
        for pull in self._world.host.pulls.values():
            keys = [review.key for review in pull.reviews]
            insist(len(keys) == len(set(keys)), f"pull request {pull.number} has a review twice: {keys}")

    def _merged_once_and_for_all(self) -> None:
        for row in self.rows("SELECT id, pull_request, merged_sha, state FROM jobs WHERE pull_request IS NOT NULL"):
            pull = self._world.host.pulls[row["pull_request"]]
            by_loop = self._world.host.pull_request(pull.number).state is PullRequestState.MERGED
            by_loop = by_loop and pull.number in self._world.merged_by_loop
            insist(by_loop <= (row["state"] == JobState.MERGED), f"job {row['id']} is {row['state']} and was merged")
            if row["state"] == JobState.MERGED:
                insist(pull.landed == row["merged_sha"], f"job {row['id']} says it is merged as {row['merged_sha']}")

    def _every_ready_issue_is_answered(self) -> None:
        ready = self._world.settings.labels.ready
        for ticket in self._world.tracker.tickets.values():
            if not ticket.open or ready not in ticket.labels:
                continue
            jobs = self.rows("SELECT state, reason FROM jobs WHERE issue = ?", ticket.number)
            said = self.rows("SELECT reasons FROM observations WHERE issue = ?", ticket.number)
            refused = bool(said) and json.loads(said[0]["reasons"]) != []
            answered = bool(jobs) or refused or self._too_many_are_open()
            insist(answered, f"#{ticket.number} is ready and nobody says why it is not worked on")

    def _too_many_are_open(self) -> bool:
        """Pull requests of the loop's that wait for a person hold up everything new, once there are too many."""
        still_open = self._world.host.open_pull_requests("forge/")
        return len(still_open) >= self._world.settings.scheduling.max_open_pull_requests


def _fits(name: str, arguments: dict[str, Any], detail: dict[str, Any]) -> bool:
    """Whether a journalled effect is the one that a call carries out."""
    given = arguments["arguments"]
    match name:
        case "tracker.add_label" | "tracker.remove_label":
            return given == (detail["issue"], detail["label"]) and detail["present"] is name.endswith("add_label")
        case "tracker.post_note":
            return bool(given == (detail["issue"], detail["key"], detail["text"]))
        case "tracker.close":
            return bool(given[0] == detail["issue"])
        case "conversation.describe":
            return bool(given[0] == detail["number"]) and arguments["body"] == detail["body"]
        case "conversation.mark_ready":
            return bool(given[0] == detail["number"])
        case "conversation.post_review":
            return bool(given[0] == detail["number"]) and arguments["key"] == detail["key"]
        case "code_host.merge":
            wanted = ("head_sha", "base_sha")
            return bool(given[0] == detail["number"]) and all(arguments[key] == detail[key] for key in wanted)
        case "workspaces.push":
            return all(arguments[key] == detail[key] for key in ("sha", "branch"))
        case "code_host.delete_branch":
            return bool(given[0] == detail["branch"])
        case _:
            return bool(arguments["branch"] == detail["branch"])
