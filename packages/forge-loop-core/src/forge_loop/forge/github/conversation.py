"""What is said on pull requests: the loop's reviews, and what trusted people ask for.

Owns: the Conversation port. Must not: hear the loop's own words, or a stranger's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forge_loop.domain.remarks import Agreement, LineRemark, Remark
from forge_loop.forge.github import notes
from forge_loop.forge.github.hunks import lines_of
from forge_loop.forge.github.pulls import Pull, pull
from forge_loop.forge.github.reading import moment, understood
from forge_loop.forge.github.repository import Repository

# An account cannot request changes on its own pull request: this word at a comment's beginning counts instead.
WORD = "/forge"
# Reviews that ask for something, and reviews that judge. An approval's comments on lines ask for nothing.
ASKS = frozenset({"CHANGES_REQUESTED", "COMMENTED"})
JUDGES = frozenset({"CHANGES_REQUESTED", "APPROVED", "DISMISSED"})
_READY = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"


class GitHubConversation:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._client = repository.client
        self._path = f"{repository.path}/pulls"

    def describe(self, number: int, *, body: str) -> None:
        if self._pull(number).body.replace("\r\n", "\n") != body:
            self._client.write("PATCH", f"{self._path}/{number}", {"body": body[: notes.LONGEST]})

    def mark_ready(self, number: int) -> None:
        found = self._pull(number)
        if found.shown.draft:
            self._client.mutate(_READY, {"id": found.node})

    def post_review(self, number: int, *, key: str, sha: str, text: str, lines: Sequence[LineRemark]) -> None:
        if self.review_posted(number, key):
            return
        there = self._lines(number) if lines else {}
        on_lines = [line for line in lines if line.line is not None and line.line in there.get(line.file, ())]
        rest = [line for line in lines if line not in on_lines]
        body = _review(key, sha, text, on_lines, rest)
        answer = self._client.write("POST", f"{self._path}/{number}/reviews", body, accept=(422,) if on_lines else ())
        if answer.status == 422:
            # One line that GitHub takes for no line of the change refuses all of it.
            whole = _review(key, sha, text, (), lines)
            self._client.write("POST", f"{self._path}/{number}/reviews", whole)

    def review_posted(self, number: int, key: str) -> bool:
        mine = self._repository.me().id
        with understood("the reviews"):
            return any(
                notes.carries(entry["body"], "review", key)
                and entry["user"] is not None
                and entry["user"]["id"] == mine
                for entry in self._reviews(number)
            )

    def remarks(self, number: int) -> Sequence[Remark]:
        """Reviews that ask for changes, comments on lines, and what begins with the word."""
        heard = [entry for entry in self._reviews(number) if entry.get("state") in ASKS and self._hears(entry)]
        spoken = self._client.pages(f"{self._repository.path}/issues/{number}/comments") or []
        with understood("what is said on the pull request"):
            found = [remark for entry in heard for remark in _of_review(entry)]
            found += self._on_lines(number, {int(entry["id"]) for entry in heard})
            found += [_of_comment(entry) for entry in spoken if _addressed(entry) and self._hears(entry)]
        return sorted(found, key=lambda remark: (remark.at, remark.key))

    def agreements(self, number: int) -> Sequence[Agreement]:
        """The last judgement of each person counts; one that only comments is none."""
        with understood("the reviews"):
            judged = [entry for entry in self._reviews(number) if entry["state"] in JUDGES and self._hears(entry)]
            last = {int(entry["user"]["id"]): entry for entry in judged}
            agreed = [entry for entry in last.values() if entry["state"] == "APPROVED"]
            return [Agreement(author=str(entry["user"]["login"]), sha=str(entry["commit_id"])) for entry in agreed]

    def _hears(self, entry: Any) -> bool:
        """A trusted person's own words: not what the loop posted, nor what an App did in their name."""
        by_hand = entry.get("performed_via_github_app") is None
        return by_hand and not notes.is_marked(entry.get("body")) and self._repository.trusts(entry.get("user"))

    def _on_lines(self, number: int, reviews: set[int]) -> list[Remark]:
        if not reviews:
            return []
        listed = self._client.pages(f"{self._path}/{number}/comments") or []
        return [_of_line(entry) for entry in listed if entry.get("pull_request_review_id") in reviews]

    def _reviews(self, number: int) -> list[Any]:
        return self._client.pages(f"{self._path}/{number}/reviews") or []

    def _lines(self, number: int) -> dict[str, frozenset[int]]:
        """The lines of each changed file that a review may stand on."""
        listed = self._client.pages(f"{self._path}/{number}/files") or []
        with understood("the changed files"):
            return {str(entry["filename"]): lines_of(str(entry.get("patch") or "")) for entry in listed}

    def _pull(self, number: int) -> Pull:
        return pull(self._client.get(f"{self._path}/{number}").data)


def _review(
    key: str, sha: str, text: str, on_lines: Sequence[LineRemark], rest: Sequence[LineRemark]
) -> dict[str, Any]:
    said = [text.rstrip(), *(f"- `{_place(line)}`: {line.text}" for line in rest)]
    comments = [{"path": line.file, "line": line.line, "side": "RIGHT", "body": line.text} for line in on_lines]
    body = notes.marked("\n".join([said[0], "", *said[1:]] if rest else said), "review", key)
    return {"commit_id": sha, "event": "COMMENT", "body": body, "comments": comments}


def _place(line: LineRemark) -> str:
    return line.file if line.line is None else f"{line.file}:{line.line}"


def _of_review(entry: Any) -> list[Remark]:
    """A review without words of its own speaks through its lines; so does one that only comments, but for the word."""
    text = str(entry["body"] or "").strip()
    if _addressed(entry):
        text = text.removeprefix(WORD).strip()
    elif not text or entry["state"] != "CHANGES_REQUESTED":
        return []
    at, author = moment(entry["submitted_at"]), str(entry["user"]["login"])
    return [Remark(key=f"review-{int(entry['id'])}", author=author, text=text, at=at)]


def _of_line(entry: Any) -> Remark:
    line = entry.get("line")
    return Remark(
        key=f"line-{int(entry['id'])}",
        author=str(entry["user"]["login"]) if entry["user"] is not None else "a deleted account",
        text=str(entry["body"]).strip().removeprefix(WORD).strip(),
        at=moment(entry["created_at"]),
        file=str(entry["path"]),
        line=int(line) if line is not None else None,
    )


def _addressed(entry: Any) -> bool:
    words = str(entry["body"] or "").split(None, 1)
    return len(words) == 2 and words[0] == WORD


def _of_comment(entry: Any) -> Remark:
    """What stands after the word."""
    text = str(entry["body"]).strip().removeprefix(WORD).strip()
    return Remark(
        key=f"comment-{int(entry['id'])}",
        author=str(entry["user"]["login"]),
        text=text,
        at=moment(entry["created_at"]),
    )
