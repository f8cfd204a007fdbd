"""Branches, pull requests, merging, reviews: what those endpoints answer.

Owns: their handlers, and what a merge demands. Must not: know checks beyond whether a required one is green.
"""

from __future__ import annotations

from support.fake_github import shapes
from support.fake_github.call import Call, Refusal, Reply, invalid, not_found, pull_of
from support.fake_github.checks import missing
from support.fake_github.state import LineComment, Pull, Review, Ticket
from support.repositories import git


def ref(call: Call, branch: str) -> Reply:
    sha = call.repository.branches().get(branch)
    if sha is None:
        raise not_found()
    return Reply(body={"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}})


def new_ref(call: Call) -> Reply:
    name, sha = str(call.body.get("ref", "")), str(call.body.get("sha", ""))
    if not name.startswith("refs/heads/") or not call.repository.has(sha):
        raise invalid(resource="Reference", field="ref", code="missing_field")
    git(call.state.bare, "update-ref", name, sha)
    return Reply(status=201, body={"ref": name, "object": {"type": "commit", "sha": sha}})


def delete_ref(call: Call, branch: str) -> Reply:
    sha = call.repository.branches().get(branch)
    if sha is None:
        raise invalid("Reference does not exist")
    if branch == call.state.base:
        raise invalid("Cannot delete the default branch")
    git(call.state.bare, "update-ref", "-d", f"refs/heads/{branch}", sha)
    call.repository.refresh()
    return Reply(status=204)


def listing(call: Call) -> Reply:
    query = call.query
    found = [ticket for ticket in call.state.tickets.values() if ticket.pull is not None and _wanted(call, ticket)]
    by_update = query.get("sort") == "updated"
    found.sort(
        key=lambda ticket: (ticket.updated_at if by_update else ticket.created_at, ticket.number),
        reverse=query.get("direction", "desc") == "desc",
    )
    return Reply(items=[shapes.pull(call.state, ticket, call.root) for ticket in found])


def _wanted(call: Call, ticket: Ticket) -> bool:
    """`head` without an owner filters nothing, as on GitHub."""
    query, pull, state = call.query, ticket.pull, call.state
    assert pull is not None
    head, wanted = query.get("head", ""), query.get("state", "open")
    if wanted != "all" and ticket.open is not (wanted == "open"):
        return False
    if "base" in query and pull.base != query["base"]:
        return False
    return ":" not in head or head == f"{pull.fork or state.owner}:{pull.branch}"


def one(call: Call, number: str) -> Reply:
    ticket = pull_of(call, number)
    assert ticket.pull is not None
    if "diff" in call.accept:
        return Reply(text=call.repository.diff(ticket.pull))
    mergeable = call.repository.mergeable(ticket.pull) if ticket.open else None
    return Reply(body=shapes.pull(call.state, ticket, call.root, mergeable, full=True))


def new(call: Call) -> Reply:
    body, state = call.body, call.state
    owner, colon, name = body.get("head", "").partition(":")
    branch = name if colon else owner
    branches = call.repository.branches()
    if not str(body.get("title", "")).strip():
        raise invalid(resource="PullRequest", field="title", code="missing_field")
    if body.get("base") not in branches:
        raise invalid(resource="PullRequest", field="base", code="invalid")
    if branch not in branches or (colon and owner != state.owner):
        raise invalid(resource="PullRequest", field="head", code="invalid")
    if body.get("draft") and not state.drafts:
        raise invalid("Draft pull requests are not supported in this repository.")
    for ticket in state.tickets.values():
        pull = ticket.pull
        if pull and ticket.open and pull.fork is None and (pull.branch, pull.base) == (branch, body["base"]):
            said = f"A pull request already exists for {state.owner}:{branch}."
            raise invalid(resource="PullRequest", code="custom", message=said)
    if call.repository.contains(branches[body["base"]], branches[branch]):
        said = f"No commits between {body['base']} and {branch}"
        raise invalid(resource="PullRequest", code="custom", message=said)
    made = Pull(
        branch=branch,
        base=body["base"],
        head_sha=branches[branch],
        base_sha=branches[body["base"]],
        draft=bool(body.get("draft")),
    )
    ticket = state.add_ticket(call.who, body["title"], body.get("body") or "", made)
    call.repository.keep(ticket.number, made.head_sha)
    if state.on_head is not None:
        state.on_head(made.head_sha)
    return Reply(status=201, body=shapes.pull(state, ticket, call.root, None, full=True))


def change(call: Call, number: str) -> Reply:
    ticket, body = pull_of(call, number), call.body
    assert ticket.pull is not None
    call.state.edit(ticket, call.who, {name: body[name] or "" for name in ("title", "body") if name in body})
    if body.get("state") == "closed":
        call.state.close(ticket, call.who, None)
    if "base" in body:
        ticket.pull.base = body["base"]
        call.repository.refresh()
    return Reply(body=shapes.pull(call.state, ticket, call.root, None, full=True))


def files(call: Call, number: str) -> Reply:
    pull = pull_of(call, number).pull
    assert pull is not None
    found = call.repository.files(pull)
    return Reply(items=[{"filename": file.name, "status": file.status, "patch": file.patch} for file in found])


def merge(call: Call, number: str) -> Reply:
    ticket, body = pull_of(call, number), call.body
    pull, method = ticket.pull, body.get("merge_method", "merge")
    assert pull is not None
    if not ticket.open:
        raise Refusal(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    if body.get("sha", pull.head_sha) != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    if method not in call.state.methods:
        raise Refusal(405, f"{method.capitalize()} merges are not allowed on this repository.")
    for name in missing(call.state, pull.head_sha):
        raise Refusal(405, f'Required status check "{name}" is expected.')
    if call.state.up_to_date and not call.repository.contains(pull.head_sha, pull.base_sha):
        raise Refusal(405, "The head branch is not up to date with the base branch.")
    if call.repository.conflicts(pull):
        raise Refusal(405, "Pull Request is not mergeable")
    title = body.get("commit_title") or f"{ticket.title} (#{ticket.number})"
    message = f"{title}\n\n{body.get('commit_message', '')}"
    sha = call.repository.merge(ticket, pull, method=method, message=message)
    return Reply(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def reviews(call: Call, number: str) -> Reply:
    pull = pull_of(call, number).pull
    assert pull is not None
    return Reply(items=[shapes.review(row) for row in pull.reviews])


def line_comments(call: Call, number: str) -> Reply:
    pull = pull_of(call, number).pull
    assert pull is not None
    return Reply(items=[shapes.line_comment(row) for row in pull.line_comments])


def _unreviewable(sentence: str) -> Refusal:
    """This endpoint says what is wrong in sentences."""
    return Refusal(422, "Unprocessable Entity", sentence)


STATES = {"COMMENT": "COMMENTED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "APPROVE": "APPROVED"}


def new_review(call: Call, number: str) -> Reply:
    """All of it or nothing: one line that is not in the difference refuses the whole review."""
    ticket, body = pull_of(call, number), call.body
    pull, event = ticket.pull, body.get("event", "COMMENT")
    assert pull is not None
    if event != "COMMENT" and ticket.author == call.who:
        raise _unreviewable(f"Can not {event.replace('_', ' ').lower()} on your own pull request")
    if not call.repository.has(str(body.get("commit_id") or pull.head_sha)):
        raise _unreviewable("commit_id is not part of the pull request")
    lines = {file.name: file.lines() for file in call.repository.files(pull)}
    for wanted in body.get("comments", []):
        if wanted.get("line") not in lines.get(wanted["path"], set()):
            raise _unreviewable("Line could not be resolved")
    if event == "COMMENT" and not str(body.get("body") or "").strip() and not body.get("comments"):
        raise _unreviewable("Body can't be blank")
    at = call.state.stamp()
    row = Review(
        id=call.state.next_id(),
        author=call.who,
        body=body.get("body") or "",
        state=STATES[event],
        sha=body.get("commit_id") or pull.head_sha,
        submitted_at=at,
    )
    pull.reviews.append(row)
    for wanted in body.get("comments", []):
        pull.line_comments.append(
            LineComment(
                id=call.state.next_id(),
                review=row.id,
                author=call.who,
                path=wanted["path"],
                line=wanted["line"],
                body=wanted["body"],
                created_at=at,
            )
        )
    ticket.updated_at = at
    return Reply(body=shapes.review(row))
