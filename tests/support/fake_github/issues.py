"""Issues, labels, comments, accounts: what those endpoints answer.

Owns: their handlers. Must not: know pull requests beyond an issue's own fields.
"""

from __future__ import annotations

from urllib.parse import unquote

from support.fake_github import shapes
from support.fake_github.call import Call, Refusal, Reply, invalid, not_found, ticket_of
from support.fake_github.state import Comment, Ticket

BODY_LIMIT = 65_536


def me(call: Call) -> Reply:
    return Reply(body=shapes.user(call.who))


def someone(call: Call, login: str) -> Reply:
    found = call.state.known(login)
    if found is None:
        raise not_found()
    return Reply(body=shapes.user(found))


def permission(call: Call, login: str) -> Reply:
    found = call.state.known(login)
    if found is None or found.role == "none":
        raise not_found()
    coarse = {"maintain": "write", "triage": "read"}.get(found.role, found.role)
    coarse = coarse if coarse in ("admin", "write", "read") else "write"
    return Reply(body={"permission": coarse, "role_name": found.role, "user": shapes.user(found)})


def repository(call: Call) -> Reply:
    return Reply(body=shapes.repository(call.state, call.who, call.root))


def listing(call: Call) -> Reply:
    query = call.query
    wanted = {name for name in query.get("labels", "").split(",") if name}
    state = query.get("state", "open")
    found = [
        ticket
        for ticket in call.state.tickets.values()
        if wanted <= set(ticket.labels)
        and (state == "all" or ticket.open is (state == "open"))
        and ticket.updated_at >= query.get("since", "")
    ]
    by = {"created": lambda ticket: (ticket.created_at, ticket.number)}.get(
        query.get("sort", "created"), lambda ticket: (ticket.updated_at, ticket.number)
    )
    found.sort(key=by, reverse=query.get("direction", "desc") == "desc")
    return Reply(items=[shapes.issue(call.state, ticket, call.root) for ticket in found])


def new(call: Call) -> Reply:
    if not str(call.body.get("title", "")).strip():
        raise invalid(resource="Issue", field="title", code="missing_field")
    ticket = call.state.add_ticket(call.who, call.body["title"], call.body.get("body") or "")
    return Reply(status=201, body=shapes.issue(call.state, ticket, call.root))


def one(call: Call, number: str) -> Reply:
    return Reply(body=shapes.issue(call.state, ticket_of(call, number), call.root))


def change(call: Call, number: str) -> Reply:
    ticket, body = ticket_of(call, number), call.body
    call.state.edit(ticket, call.who, {name: body[name] or "" for name in ("title", "body") if name in body})
    if body.get("state") == "closed":
        call.state.close(ticket, call.who, body.get("state_reason") or "completed")
    elif body.get("state") == "open":
        call.state.reopen(ticket, call.who)
    return Reply(body=shapes.issue(call.state, ticket, call.root))


def timeline(call: Call, number: str) -> Reply:
    return Reply(items=[shapes.event(row) for row in ticket_of(call, number).timeline])


def blocked_by(call: Call, number: str) -> Reply:
    entries = ticket_of(call, number).blocked_by
    return Reply(items=[shapes.blocker(call.state, entry, call.root) for entry in entries])


def labels(call: Call) -> Reply:
    return Reply(items=[shapes.label(name, colour) for name, colour in call.state.labels.items()])


def new_label(call: Call) -> Reply:
    name = str(call.body.get("name", ""))
    if not name:
        raise invalid(resource="Label", field="name", code="missing_field")
    if name.lower() in (known.lower() for known in call.state.labels):
        raise invalid(resource="Label", field="name", code="already_exists")
    call.state.labels[name] = call.body.get("color", "ededed")
    return Reply(status=201, body=shapes.label(name))


def add_labels(call: Call, number: str) -> Reply:
    ticket = ticket_of(call, number)
    for name in call.body["labels"]:
        call.state.label(ticket, name, call.who)
    return Reply(items=[shapes.label(name) for name in ticket.labels])


def remove_label(call: Call, number: str, name: str) -> Reply:
    ticket, wanted = ticket_of(call, number), unquote(name)
    if wanted not in ticket.labels:
        raise Refusal(404, "Label does not exist")
    call.state.unlabel(ticket, wanted, call.who)
    return Reply(items=[shapes.label(left) for left in ticket.labels])


def comments(call: Call, number: str) -> Reply:
    return Reply(items=[shapes.comment(row) for row in ticket_of(call, number).comments])


def add_comment(call: Call, number: str) -> Reply:
    ticket = ticket_of(call, number)
    made = call.state.comment(ticket, call.who, _text(call))
    return Reply(status=201, body=shapes.comment(made))


def change_comment(call: Call, comment_id: str) -> Reply:
    ticket, row = _comment(call, int(comment_id))
    if row.author != call.who and call.who.role not in ("write", "maintain", "admin"):
        raise Refusal(403, "Must have admin rights to Repository.")
    call.state.edit_comment(ticket, row, _text(call))
    return Reply(body=shapes.comment(row))


def _comment(call: Call, wanted: int) -> tuple[Ticket, Comment]:
    for ticket in call.state.tickets.values():
        for row in ticket.comments:
            if row.id == wanted:
                return ticket, row
    raise not_found()


def _text(call: Call) -> str:
    body = call.body.get("body")
    if not isinstance(body, str) or not body.strip():
        raise invalid(resource="IssueComment", field="body", code="missing_field")
    if len(body) > BODY_LIMIT:
        raise invalid(resource="IssueComment", field="data", code="unprocessable", message="body is too long")
    return body
