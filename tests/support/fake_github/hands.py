"""The hands of people at GitHub: what they click, type and push.

Owns: every act of a person that tests need, each as one call. Must not: go through HTTP or ask for permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from support.fake_github.repository import Repository
from support.fake_github.state import ACTIONS_APP, Account, Check, Comment, LineComment, Pull, Review, State, Ticket
from support.repositories import commit, git


class Hands:
    """`operator` is who acts where nobody is named. People push from a clone of their own."""

    state: State
    repository: Repository
    operator: str
    clone: Path

    def person(self, login: str = "") -> Account:
        return self.state.account(login or self.operator)

    def person_adds(
        self, title: str, body: str, *, by: str = "", blocked_by: tuple[int, ...] = (), labels: tuple[str, ...] = ()
    ) -> int:
        with self.state.lock:
            ticket = self.state.add_ticket(self.person(by), title, body)
            ticket.blocked_by = [{"repository": self.state.full_name, "number": number} for number in blocked_by]
            for label in labels:
                self.state.label(ticket, label, self.person(by))
            return ticket.number

    def person_blocks(self, number: int, repository: str, other: int, *, state: str = "open") -> None:
        """Make an issue wait for one of another repository."""
        with self.state.lock:
            ticket = self.ticket(number)
            ticket.blocked_by.append({"repository": repository, "number": other, "state": state})
            ticket.updated_at = self.state.stamp()

    def person_labels(self, number: int, label: str, *, by: str = "", app: bool = False, intent: bool = False) -> None:
        with self.state.lock:
            self.state.label(self.ticket(number), label, self.person(by), app=app, intent=intent)

    def person_unlabels(self, number: int, label: str, *, by: str = "") -> None:
        with self.state.lock:
            self.state.unlabel(self.ticket(number), label, self.person(by))

    def person_closes(self, number: int, *, by: str = "") -> None:
        with self.state.lock:
            self.state.close(self.ticket(number), self.person(by))

    def person_reopens(self, number: int, *, by: str = "") -> None:
        with self.state.lock:
            self.state.reopen(self.ticket(number), self.person(by))

    def person_edits(self, number: int, *, title: str | None = None, body: str | None = None, by: str = "") -> None:
        changes = {name: value for name, value in (("title", title), ("body", body)) if value is not None}
        with self.state.lock:
            self.state.edit(self.ticket(number), self.person(by), changes)

    def person_rewrites(self, number: int, before: str, after: str) -> None:
        with self.state.lock:
            text = self.ticket(number).body
            assert before in text
            self.person_edits(number, body=text.replace(before, after))

    def person_comments(self, number: int, body: str, *, by: str = "", app: bool = False) -> int:
        with self.state.lock:
            return self.state.comment(self.ticket(number), self.person(by), body, app=app).id

    def person_edits_comment(self, number: int, comment: int, body: str) -> None:
        with self.state.lock:
            self.state.edit_comment(self.ticket(number), self._comment(number, comment), body)

    def person_deletes_comment(self, number: int, comment: int) -> None:
        with self.state.lock:
            self.state.delete_comment(self.ticket(number), self._comment(number, comment))

    def _comment(self, number: int, comment: int) -> Comment:
        (row,) = [row for row in self.ticket(number).comments if row.id == comment]
        return row

    def person_deletes_issue(self, number: int) -> None:
        with self.state.lock:
            del self.state.tickets[number]
            self.state.gone.add(number)

    def person_transfers(self, number: int, place: str = "/repositories/4711/issues/1") -> None:
        with self.state.lock:
            del self.state.tickets[number]
            self.state.moved[number] = place

    def person_pushes(self, branch: str, files: Mapping[str, str | None], *, onto: str | None = None) -> str:
        """A commit on `onto` (default: base), to which the branch then points."""
        with self.state.lock:
            git(self.clone, "fetch", "--quiet", "origin")
            git(self.clone, "checkout", "--quiet", "--detach", onto or f"origin/{self.state.base}")
            sha = commit(self.clone, files, "By hand")
            git(self.clone, "push", "--quiet", "--force", "origin", f"{sha}:refs/heads/{branch}")
            self.repository.refresh()
            return sha

    def person_deletes(self, branch: str) -> None:
        with self.state.lock:
            git(self.clone, "push", "--quiet", "origin", f":refs/heads/{branch}")
            self.repository.refresh()

    def person_opens_pull_request(self, branch: str, *, by: str = "", fork: str | None = None, sha: str = "") -> int:
        """From a fork nothing of the branch is in this repository's heads."""
        with self.state.lock:
            branches = self.repository.branches()
            pull = Pull(
                branch=branch,
                base=self.state.base,
                head_sha=sha or branches[branch],
                base_sha=branches[self.state.base],
                fork=fork,
            )
            return self.state.add_ticket(self.person(by), f"From {branch}", "By hand", pull).number

    def person_merges(self, number: int) -> str:
        with self.state.lock:
            self.repository.refresh()
            ticket, pull = self.pulled(number)
            return self.repository.merge(ticket, pull, method="squash", message=f"{ticket.title} (#{number})")

    def person_retargets(self, number: int, base: str) -> None:
        with self.state.lock:
            ticket, pull = self.pulled(number)
            pull.base = base
            ticket.updated_at = self.state.stamp()

    def person_reviews(
        self, number: int, state: str, body: str, *, by: str, lines: tuple[tuple[str, int, str], ...] = ()
    ) -> int:
        """`state` is CHANGES_REQUESTED, APPROVED, COMMENTED or DISMISSED."""
        with self.state.lock:
            ticket, pull = self.pulled(number)
            at = self.state.stamp()
            review = Review(
                id=self.state.next_id(),
                author=self.person(by),
                body=body,
                state=state,
                sha=pull.head_sha,
                submitted_at=at,
            )
            pull.reviews.append(review)
            for path, line, text in lines:
                pull.line_comments.append(
                    LineComment(
                        id=self.state.next_id(),
                        review=review.id,
                        author=review.author,
                        path=path,
                        line=line,
                        body=text,
                        created_at=at,
                    )
                )
            ticket.updated_at = at
            return review.id

    def check_ends(
        self,
        sha: str,
        name: str,
        conclusion: str | None = "success",
        *,
        app: int | None = ACTIONS_APP,
        log: str = "",
        delay: float = 0.0,
    ) -> None:
        """A check of a commit: a run of an App, or a status where `app` is None. No conclusion: it still runs."""
        with self.state.lock:
            check = Check(
                id=self.state.next_id(),
                name=name,
                app=app,
                status="completed" if conclusion else "in_progress",
                conclusion=conclusion,
                appears=self.state.now() + timedelta(seconds=delay),
                log=log,
            )
            known = [old for old in self.state.checks.get(sha, []) if (old.name, old.app) != (name, app)]
            self.state.checks[sha] = [*known, check]

    def requires(self, name: str, app: int | None = None) -> None:
        """A rule of the base branch."""
        with self.state.lock:
            self.state.required.append((name, app))

    def ticket(self, number: int) -> Ticket:
        return self.state.tickets[number]

    def pulled(self, number: int) -> tuple[Ticket, Pull]:
        ticket = self.ticket(number)
        assert ticket.pull is not None
        return ticket, ticket.pull

    def comments(self, number: int) -> list[str]:
        return [comment.body for comment in self.ticket(number).comments]
